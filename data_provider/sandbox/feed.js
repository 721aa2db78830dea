// The feed of the simulated www.reddit.com: loads more cards near its end, and takes those far
// above the window out of the document, as the real one does.
"use strict";

const KEPT_ABOVE = 1500;
const LOAD_BELOW = 2000;
let isLoading = false;

function unload() {
  for (const article of document.querySelectorAll("shreddit-feed article")) {
    const box = article.getBoundingClientRect();
    if (box.bottom > -KEPT_ABOVE) return;
    const placeholder = document.createElement("div");
    placeholder.className = "virtualized-placeholder";
    placeholder.style.height = `${box.height}px`;
    article.replaceWith(placeholder);
  }
}

async function load() {
  const loader = document.querySelector("faceplate-partial[slot='load-after']");
  if (!loader || isLoading || loader.getBoundingClientRect().top > innerHeight + LOAD_BELOW) return;
  isLoading = true;
  try {
    const answer = await fetch(loader.getAttribute("src") || loader.dataset.src);
    if (!answer.ok) return;
    const part = document.createElement("template");
    part.innerHTML = await answer.text();
    loader.replaceWith(part.content);
  } finally {
    isLoading = false;
  }
}

function look() {
  unload();
  load();
}

addEventListener("scroll", look, { passive: true });
look();
