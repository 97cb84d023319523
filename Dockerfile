# One image for the API, the code server, the webserver, the daemon and the runs.
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/arus
# The dependencies change less often than the code: a layer of their own.
COPY requirements.lock ./
RUN /opt/arus/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements.lock
COPY pyproject.toml README.md dagster.yaml workspace.yaml ./
COPY arus_dagster ./arus_dagster
COPY arus_api ./arus_api
RUN /opt/arus/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/arus/bin/python -m compileall -q /opt/arus/lib

FROM python:3.12-slim-bookworm
RUN useradd --system --create-home --home-dir /var/lib/arus --uid 10001 arus \
    && install -d -o arus -g arus /var/lib/arus/dagster /var/lib/arus/dagster/storage
COPY --from=build /opt/arus /opt/arus
COPY dagster.yaml /var/lib/arus/dagster/dagster.yaml
COPY workspace.yaml /opt/arus/workspace.yaml
ENV PATH=/opt/arus/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DAGSTER_HOME=/var/lib/arus/dagster
USER arus
WORKDIR /var/lib/arus
EXPOSE 8081 3000 13030
CMD ["arus", "--help"]
