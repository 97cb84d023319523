"""What is asked of Dagster's webserver, over GraphQL: by the API, and from the command line."""
