// Requests to the API. Owns the envelope, the token, its renewal, and what a failure is.
import { begin, end, session } from "./session.js";

/** A request that failed; `fields` are `{field, message}`, as in the envelope. */
export class ApiError extends Error {
  constructor(status, error) {
    super(error.message);
    this.status = status;
    this.code = error.code;
    this.fields = error.fields ?? [];
    this.details = error.details ?? {};
    this.requestId = error.request_id;
  }
}

const AWAY = { code: "UNREACHABLE", message: "The API can't be reached. Is it running?" };
let renewal = null;

async function send(method, path, { body, headers = {}, signal } = {}) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      signal,
      headers: body === undefined ? headers : { ...headers, "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, AWAY);
  }
  let content;
  try {
    content = await answer.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(answer.status, {
      code: "UNREADABLE",
      message: `The API answered ${answer.status} without JSON. Is a proxy in between?`,
    });
  }
  if (!answer.ok) throw new ApiError(answer.status, content.error ?? AWAY);
  return content;
}

async function renew() {
  const token = session.get()?.refresh_token;
  if (!token) throw new ApiError(401, { code: "AUTH_FAILED", message: "Please log in" });
  const headers = { "X-Refresh-Token": token };
  const { data } = await send("POST", "/api/auth/refresh", { headers });
  // Another tab may have logged out, or in as somebody else, in the meantime.
  if (session.get()?.refresh_token === token) begin(data);
}

/** One request with the user's token, renewed once if it has run out: `{data, meta}`. */
export async function request(method, path, { body, signal } = {}) {
  const attempt = () =>
    send(method, path, {
      body,
      signal,
      headers: { Authorization: `Bearer ${session.get()?.access_token ?? ""}` },
    });
  try {
    return await attempt();
  } catch (error) {
    if (error.status !== 401) throw error;
  }
  try {
    renewal ??= renew().finally(() => (renewal = null)); // one for all requests that wait for it
    await renewal;
    return await attempt();
  } catch (error) {
    if (error.status === 401) end(error.message);
    throw error;
  }
}

export const get = (path, signal) => request("GET", path, { signal });
export const post = async (path, body) => (await request("POST", path, { body })).data;
export const put = async (path, body) => (await request("PUT", path, { body })).data;
export const patch = async (path, body) => (await request("PATCH", path, { body })).data;
export const remove = async (path) => (await request("DELETE", path)).data;

/** Every element of a list, page by page; for choices such as "depends on". */
export async function all(path, signal) {
  const found = [];
  for (;;) {
    const { data, meta } = await get(`${path}?limit=500&offset=${found.length}`, signal);
    found.push(...data);
    if (data.length === 0 || found.length >= meta.total) return found;
  }
}

/** Log in; raises ApiError. */
export async function login(email, password) {
  const { data } = await send("POST", "/api/auth/login", { body: { email, password } });
  begin(data);
}

/** Log out, here and in other tabs. The API keeps no sessions, so a failure changes nothing. */
export async function logout() {
  try {
    await post("/api/auth/logout");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
  end();
}
