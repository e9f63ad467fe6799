// Where the service asks for a key: show it once, and a cookie stands for it.

import { html, useState } from "../vendor/preact.js";
import { send } from "../requests.js";

const SIGNED_IN = "eventlog.signed-in";

export function SignIn({ problem }) {
  const [refused, setRefused] = useState(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await send("POST", "session", { key: new FormData(event.target).get("key").trim() });
      remember(true);
      // What was asked without a key is asked anew, all of it.
      location.reload();
    } catch (error) {
      setRefused(error);
      setBusy(false);
    }
  };
  return html`<div class="state sign-in">
    <p class="state-title">Sign in</p>
    <p>${problem.code === "unauthorized" ? "This service asks for a key." : `${problem.message}.`}</p>
    <form onSubmit=${submit}>
      <label for="key">Key</label>
      <input id="key" name="key" type="password" autocomplete="current-password" placeholder="evl_…" required />
      <button type="submit" disabled=${busy}>Sign in</button>
    </form>
    ${refused && html`<p role="alert">${refused.status === 401 ? "This is no key that is good here." : refused.message}</p>`}
    <p class="faint">One that reads all topics: <code>eventlog keys create NAME --scope read --scope subscribe</code>;
    with one that reads some, the pages show these.</p>
  </div>`;
}

export async function signOut() {
  await send("DELETE", "session");
  remember(false);
  location.reload();
}

// Scripts cannot see the cookie; this only tells whether to offer to sign out.
export function isSignedIn() {
  try {
    return localStorage.getItem(SIGNED_IN) !== null;
  } catch {
    return true;
  }
}

function remember(signedIn) {
  try {
    if (signedIn) localStorage.setItem(SIGNED_IN, "yes");
    else localStorage.removeItem(SIGNED_IN);
  } catch {
    // It is offered then.
  }
}
