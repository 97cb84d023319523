// The fields that sources and destinations share: how a database is reached.
import { NONE } from "./format.js";

export const PORTS = { postgresql: 5432, mysql: 3306, mariadb: 3306 };
export const KINDS = [
  ["postgresql", "PostgreSQL"],
  ["mysql", "MySQL"],
  ["mariadb", "MariaDB"],
];
const TLS = ["disable", "prefer", "require", "verify-ca", "verify-full"].map((mode) => [mode, mode]);

export const kindName = (type) => KINDS.find(([value]) => value === type)?.[1] ?? type ?? NONE;

/** @param stored the connection as it is, or undefined for a new one. */
export function connectionFields(stored) {
  return [
    { name: "host", label: "Host", required: true, placeholder: "db.example.com" },
    { name: "port", label: "Port", type: "number", help: "Left empty: the database's usual one." },
    { name: "database", label: "Database", required: true },
    { name: "username", label: "User", required: true },
    {
      name: "password",
      label: "Password",
      type: "password",
      autocomplete: "new-password",
      help: stored ? "Left empty: the stored one stays. It is asked for again where it would go elsewhere." : "Kept encrypted, and never shown again.",
    },
  ];
}

/** Encryption, folded away because the default does for most. */
export function tlsFields() {
  const pem = { type: "code", rows: 4, span: true, blank: null };
  const verifies = (values) => values.ssl_mode.startsWith("verify");
  const encrypts = (values) => values.ssl_mode !== "disable";
  return {
    legend: "Encryption",
    folded: true,
    fields: [
      {
        name: "ssl_mode",
        label: "TLS",
        type: "select",
        options: TLS,
        initial: "prefer",
        required: true,
        help: "“verify-full” is the one to use over a network that others share.",
      },
      { name: "ssl_ca", label: "Certificate authority", ...pem, when: verifies, help: "PEM text." },
      { name: "ssl_cert", label: "Client certificate", ...pem, when: encrypts, help: "PEM text, if the server asks for one." },
      { name: "ssl_key", label: "Its private key", ...pem, blank: undefined, when: encrypts, help: "PEM text. Goes in only." },
    ],
  };
}

/** A stored connection as the form's value: the mask that stands for its password is left out. */
export const formValue = ({ password, ...rest }) => rest;
