// Hands a challenge to the browser's own interface for passkeys, and its answer to the form. Without it the page offers
// the other ways.
"use strict";
(() => {
  const form = document.getElementById("passkey");
  if (!form || !window.PublicKeyCredential) return;
  const options = JSON.parse(form.dataset.options);
  const creating = form.dataset.create !== undefined;
  const button = form.querySelector("[data-start]");
  const trouble = form.querySelector("[data-trouble]");
  const bytes = (s) => Uint8Array.from(atob(s.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (b) => btoa(String.fromCharCode(...new Uint8Array(b))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  // Browsers of before 2024 lack the JSON functions of Web Authentication Level 3 §5.1.
  const parse = () => {
    const o = structuredClone(options);
    o.challenge = bytes(o.challenge);
    if (o.user) o.user.id = bytes(o.user.id);
    for (const list of [o.allowCredentials, o.excludeCredentials]) for (const c of list || []) c.id = bytes(c.id);
    return o;
  };
  const json = (c) => {
    const r = c.response, response = { clientDataJSON: text(r.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) if (r[name]) response[name] = text(r[name]);
    if (r.getTransports) response.transports = r.getTransports();
    return {
      id: c.id, rawId: text(c.rawId), type: c.type, response,
      authenticatorAttachment: c.authenticatorAttachment || undefined, clientExtensionResults: c.getClientExtensionResults(),
    };
  };

  let waiting;
  const ask = async (mediation) => {
    if (waiting) waiting.abort();
    const mine = waiting = new AbortController();
    trouble.hidden = true;
    try {
      const publicKey = parse();
      const got = creating ? await navigator.credentials.create({ publicKey, signal: mine.signal })
        : await navigator.credentials.get({ publicKey, mediation, signal: mine.signal });
      form.elements.answer.value = JSON.stringify(got.toJSON ? got.toJSON() : json(got));
      form.requestSubmit(form.querySelector("[data-send]"));
    } catch (e) {
      if (mine.signal.aborted || mediation === "conditional") return;
      trouble.hidden = false;
      trouble.focus();
    }
  };
  button.hidden = false;
  form.querySelectorAll("[data-without]").forEach((e) => { e.hidden = true; });
  button.addEventListener("click", (e) => { e.preventDefault(); ask("optional"); });
  if (form.dataset.conditional !== undefined && PublicKeyCredential.isConditionalMediationAvailable) {
    PublicKeyCredential.isConditionalMediationAvailable().then((yes) => { if (yes) ask("conditional"); }, () => {});
  }
})();
