// Tells the device that a passkey was removed, so that it offers it no more (Web Authentication Level 3 §5.1.10).
"use strict";
(() => {
  const at = document.getElementById("signal");
  if (at && window.PublicKeyCredential && PublicKeyCredential.signalUnknownCredential) {
    PublicKeyCredential.signalUnknownCredential(JSON.parse(at.dataset.credential)).catch(() => {});
  }
})();
