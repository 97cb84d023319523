// The kinds of notification channels and what each has to be told.
const secret = { type: "password", autocomplete: "new-password", span: true };

const SECURITY = [
  ["starttls", "STARTTLS"],
  ["ssl", "TLS from the start"],
  ["none", "none"],
];

const CONFIGS = {
  telegram: [
    { name: "bot_token", label: "Bot token", required: true, ...secret, help: "As BotFather gives it." },
    { name: "chat_id", label: "Chat", required: true, help: "A chat's number, or @channel." },
  ],
  slack: [{ name: "webhook_url", label: "Webhook address", required: true, ...secret, help: "Of an incoming webhook. Treated as a secret." }],
  discord: [{ name: "webhook_url", label: "Webhook address", required: true, ...secret, help: "Of the Discord channel. Treated as a secret." }],
  webhook: [
    { name: "url", label: "Address", required: true, ...secret, help: "Where each event is posted. Treated as a secret." },
    { name: "secret", label: "Signing secret", ...secret, help: "Signs each body, so that the receiver can tell it is from here." },
  ],
  email: [
    { name: "smtp_host", label: "Mail server", required: true },
    { name: "smtp_port", label: "Port", type: "number", initial: 587 },
    { name: "smtp_security", label: "Encryption", type: "select", options: SECURITY, initial: "starttls", required: true },
    { name: "smtp_username", label: "User", blank: undefined },
    { name: "smtp_password", label: "Password", ...secret, span: false },
    { name: "from_address", label: "From", required: true },
    { name: "to_addresses", label: "To", type: "list", required: true, help: "One address a line." },
  ],
};

export const CHANNELS = [
  ["telegram", "Telegram"],
  ["slack", "Slack"],
  ["discord", "Discord"],
  ["webhook", "Webhook"],
  ["email", "E-mail"],
];

export const channelName = (type) => CHANNELS.find(([value]) => value === type)?.[1] ?? type;

/** @param stored the channel as it is; its secrets are masks, so an empty field keeps them. */
export function channelFields(stored) {
  const kind = stored
    ? []
    : [{ name: "type", label: "Kind", type: "select", options: CHANNELS, initial: "slack", required: true }];
  const types = stored ? [stored.type] : CHANNELS.map(([type]) => type);
  return [
    // What a browser that keeps the secret shall file it under.
    { name: "name", label: "Name", required: true, autocomplete: "username", help: "Such as “Team alerts”." },
    ...kind,
    ...types.flatMap((type) => CONFIGS[type].map((field) => configField(field, type, stored))),
    { name: "active", label: "Messages are sent", type: "checkbox", initial: true },
  ];
}

function configField(field, type, stored) {
  const hidden = field.type === "password" && stored;
  return {
    ...field,
    key: `${type}.${field.name}`,
    name: `config.${field.name}`,
    required: field.required && !hidden,
    help: hidden ? "Left empty: the stored one stays." : field.help,
    when: stored ? undefined : (values) => values.type === type,
  };
}

/** A stored channel as the form's value, without the masks of its secrets. */
export function channelValue(target) {
  const masks = new Set(CONFIGS[target.type].filter((field) => field.type === "password").map(({ name }) => name));
  const config = Object.fromEntries(Object.entries(target.config).filter(([name]) => !masks.has(name)));
  return { ...target, config };
}
