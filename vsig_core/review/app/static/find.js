// A picture that the person brings: sent as it is, described by the server, and forgotten.

import { say } from "./app.js";

const field = document.getElementById("file");
const place = document.getElementById("bring");
const token = document.querySelector('meta[name="csrf"]').content;

async function bring(file) {
  if (!file) return;
  const most = Number(field.dataset.most);
  if (file.size > most * 1e6) return say(`That file is larger than ${most} MB.`, "bad");
  field.disabled = true;
  say("The model looks at your picture…", "good", { replace: true });
  try {
    const answer = await fetch(`/find/picture?name=${encodeURIComponent(file.name)}`, {
      method: "POST",
      headers: { "Content-Type": "application/octet-stream", Accept: "application/json", "X-CSRF-Token": token },
      body: file,
    });
    const text = await answer.text();
    const said = answer.headers.get("Content-Type")?.includes("json") ? JSON.parse(text) : { error: text };
    if (answer.ok) return location.assign(`/found?key=${encodeURIComponent(said.key)}`);
    say(said.error, "bad", { replace: true });
  } catch {
    say("The server does not answer.", "bad", { replace: true });
  }
  field.disabled = false;
  field.value = "";
}

field.addEventListener("change", () => bring(field.files[0]));
for (const name of ["dragover", "dragleave", "drop"]) {
  place.addEventListener(name, (event) => {
    event.preventDefault();
    place.classList.toggle("over", name === "dragover");
    if (name === "drop") bring(event.dataTransfer.files[0]);
  });
}
