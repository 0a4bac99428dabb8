// Reads the page aloud at a tap, where the browser has a voice for its language. The page itself says everything.
"use strict";
(() => {
  const button = document.querySelector("[data-speak]"), speech = window.speechSynthesis;
  if (!button || !speech) return;
  const language = document.documentElement.lang.slice(0, 2);
  const voice = () => speech.getVoices().find((v) => v.lang.toLowerCase().startsWith(language));
  const offer = () => { button.hidden = !voice(); };
  const say = (text) => { button.textContent = text; };
  const start = button.textContent;
  const text = () => [...document.querySelectorAll("main h1, main h2, main p, main label, main dt, main dd, main button, main a.button")]
    .filter((e) => e.checkVisibility() && !e.closest(".place")).map((e) => e.textContent.trim()).filter(Boolean).join("。");
  button.addEventListener("click", () => {
    if (speech.speaking) return speech.cancel();
    const words = new SpeechSynthesisUtterance(text());
    words.voice = voice();
    words.lang = document.documentElement.lang;
    words.rate = 0.85;
    words.onend = words.onerror = () => say(start);
    say(button.dataset.speak);
    speech.speak(words);
  });
  offer();
  speech.addEventListener("voiceschanged", offer);
  addEventListener("pagehide", () => speech.cancel());
})();
