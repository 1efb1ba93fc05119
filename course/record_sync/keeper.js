// The keeper's browser half: a copy of the record in IndexedDB, and the two buttons. How it meets the kernel is told in
// keeping.py. One module is one keeper: `keeping` below lives as long as its model does. views/axes.js stands before it.

// ---------------------------------------------------------------------------- the copy

const promised = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

// Events by id, each a line of text. Every method rejects where the browser denies its storage.
export class Copy {
  static async open(name) {
    const request = indexedDB.open(`isometry record: ${name}`, 1); // throws at once where storage is switched off
    request.onupgradeneeded = () => request.result.createObjectStore("events");
    const copy = new Copy();
    copy.db = await promised(request);
    copy.db.onversionchange = () => copy.db.close();
    return copy;
  }
  ids() {
    return promised(this.db.transaction("events").objectStore("events").getAllKeys());
  }
  lines(ids) {
    const events = this.db.transaction("events").objectStore("events");
    return Promise.all(ids.map((id) => promised(events.get(id))));
  }
  put(entries) {
    return new Promise((resolve, reject) => {
      const writing = this.db.transaction("events", "readwrite");
      writing.oncomplete = () => resolve();
      writing.onabort = writing.onerror = () => reject(writing.error);
      for (const [id, line] of entries) writing.objectStore("events").put(line, id);
    });
  }
}

// ---------------------------------------------------------------------------- the meeting

const through = (bytes, stream) => new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer();
const deflate = (bytes) => through(bytes, new CompressionStream("deflate"));
const inflate = (bytes) => through(bytes, new DecompressionStream("deflate"));

class Refused extends Error {} // said to the reader as it is

const SHORT = "The kernel did not send all of your record. Restart it, run this cell again, and try once more.";
const ASKED = 2000; // ids of lines in one question, some 70 kB
const READ = 500; // lines read from the copy at once

// All ids that the kernel has, in its order.
export async function idsOf(ask) {
  const ids = [];
  for (let of = 1; ids.length < of; ) {
    const { answer } = await ask({ do: "ids", after: ids.length });
    of = answer.of;
    if (!answer.ids.length) break;
    for (const id of answer.ids) ids.push(id);
  }
  return ids;
}

// The kernel's lines of `ids`, in as many messages as it takes; `then(entries)` is given [[id, line], …] of each.
export async function fetchLines(ask, ids, then) {
  for (let at = 0; at < ids.length; ) {
    const { answer, buffers } = await ask({ do: "give", ids: ids.slice(at, at + ASKED) });
    const text = new TextDecoder().decode(await inflate(buffers[0]));
    await then(text.split("\n").filter(Boolean).map((line) => [JSON.parse(line).id, line]));
    if (!answer.done) throw new Refused(SHORT); // rather an end than to ask for ever
    at += answer.done;
  }
}

// Sends `bytes` of many parts as one thing; `parts` yields them. What the kernel says to the last one is the answer.
async function sendParts(ask, question, parts) {
  const of = Math.random().toString(36).slice(2);
  for await (const part of parts) await ask({ ...question, of, more: true }, [await deflate(part)]);
  return (await ask({ ...question, of, more: false }, [await deflate("")])).answer;
}

// Brings `copy` and the kernel's record to their union. {brought, kept}: how many events the kernel lacked, and how many
// there are now. Where both have events and none in common, nothing is done unless `welcome`: {strangers}, how many.
export async function meet(copy, ask, bytes, welcome = false) {
  const theirs = await idsOf(ask);
  const mine = await copy.ids();
  const [have, known] = [new Set(mine), new Set(theirs)];
  const lacking = mine.filter((id) => !known.has(id));
  const alien = theirs.length > 0 && mine.length > 0 && lacking.length === mine.length;
  if (alien && !welcome) return { strangers: mine.length };

  let brought = 0;
  if (lacking.length) {
    const parts = (async function* () {
      let [part, size] = [[], 0];
      for (let at = 0; at < lacking.length; at += READ) {
        for (const line of await copy.lines(lacking.slice(at, at + READ))) {
          if (part.length && size + line.length > bytes) {
            yield `${part.join("\n")}\n`;
            [part, size] = [[], 0];
          }
          part.push(line);
          size += line.length;
        }
      }
      yield `${part.join("\n")}\n`;
    })();
    brought = (await sendParts(ask, { do: "take" }, parts)).new;
  }
  await fetchLines(ask, theirs.filter((id) => !have.has(id)), (entries) => copy.put(entries));
  await ask({ do: "done" });
  return { brought, kept: known.size + lacking.length };
}

// ---------------------------------------------------------------------------- one keeper

class Keeping {
  constructor(model) {
    this.model = model;
    this.page = Math.random().toString(36).slice(2); // two pages on one kernel number their questions apart
    this.count = 0;
    this.waiting = new Map();
    this.shown = new Set(); // what is told of each change
    this.silent = false;
    this.state = { phase: "meeting" };
    this.turn = Promise.resolve(); // one thing after another
    model.on("msg:custom", (content, buffers) => this.hear(content, buffers));
  }

  ask = (question, parts = []) => {
    this.count += 1;
    const seq = `${this.page}:${this.count}`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.tell(true), PATIENCE);
      this.waiting.set(seq, { resolve, reject, timer });
      this.model.send({ ...question, seq }, undefined, parts);
    });
  };

  hear(content, buffers) {
    if (content.put) {
      this.then(async () => {
        if (this.state.phase !== "kept") return;
        await this.copy.put([[content.put, content.line]]);
        this.become({ phase: "kept", kept: this.state.kept + 1 });
      });
      return;
    }
    const asked = this.waiting.get(content.seq);
    if (!asked) return; // another page's
    this.waiting.delete(content.seq);
    clearTimeout(asked.timer);
    if (this.silent) this.tell(false);
    if (content.refused) asked.reject(new Refused(content.refused));
    else asked.resolve({ answer: content, buffers });
  }

  become(state) {
    this.state = state;
    this.tell(this.silent);
  }
  // `silent`: the kernel lets a question wait.
  tell(silent) {
    this.silent = silent;
    for (const show of this.shown) show();
  }

  // Does `step` when everything before it is done, and hands on what comes of it.
  next(step) {
    const done = this.turn.then(step);
    this.turn = done.catch(() => {});
    return done;
  }

  // The same for what has to do with the copy. What goes wrong with the browser's storage ends the keeping, calmly.
  then(step) {
    return this.next(step).catch((error) => {
      if (error instanceof Refused) this.become({ phase: "refused", said: error.message });
      else this.become({ phase: error?.name === "QuotaExceededError" ? "full" : "denied" });
    });
  }

  meet(welcome = false) {
    return this.then(async () => {
      if (this.state.phase === "denied") return;
      this.become({ phase: "meeting" });
      this.copy ??= await Copy.open(this.model.get("settings").store);
      const { strangers, ...met } = await meet(this.copy, this.ask, this.model.get("settings").bytes, welcome);
      this.become(strangers ? { phase: "strangers", strangers } : { phase: "kept", ...met });
    });
  }

  leave() {
    this.become({ phase: "left" });
  }

  async download() {
    const ids = await idsOf(this.ask);
    if (!ids.length) return "There is nothing in your record yet: answer a question first.";
    const lines = [];
    await fetchLines(this.ask, ids, (entries) => entries.forEach(([, line]) => lines.push(`${line}\n`)));
    const { answer } = await this.ask({ do: "done" });
    const address = URL.createObjectURL(new Blob(lines, { type: "application/jsonl" }));
    const link = Object.assign(document.createElement("a"), { href: address, download: answer.name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    return `Downloaded ${answer.name} with ${events(lines.length)}. Keep it where you will find it again.`;
  }

  async upload(file) {
    const { bytes, largest } = this.model.get("settings");
    if (file.size > largest) throw new Refused(`${file.name} is larger than any record. Nothing was taken.`);
    const parts = (async function* () {
      for (let at = 0; at < file.size; at += bytes) yield file.slice(at, at + bytes);
    })();
    const { said } = await sendParts(this.ask, { do: "upload", name: file.name }, parts);
    this.meet();
    return said;
  }
}

let keeping = null;

function initialize({ model }) {
  keeping = new Keeping(model);
  keeping.meet();
}

// ---------------------------------------------------------------------------- what is seen

const events = (n) => (n === 1 ? "1 event" : `${n.toLocaleString("en")} events`);

const SAY = {
  meeting: () => "… Looking at this browser's copy of your record.",
  kept: ({ kept, brought }) =>
    (kept ? `✓ This browser keeps a copy of your record: ${events(kept)}.` : "○ This browser will keep a copy of your record.") +
    (brought ? ` Brought back ${events(brought)} from it.` : ""),
  denied: () => "○ This browser keeps no copy: a private window, or its storage is switched off. All else works as it should.",
  full: () => "○ This browser keeps no copy any more: its storage is full. All else works as it should.",
  refused: ({ said }) => `! ${said}`,
  strangers: ({ strangers }) =>
    `? This browser keeps ${events(strangers)} of a record that has nothing in common with yours. Are they yours, too?`,
  left: () => "○ They are left as they are, and this browser keeps no copy of your record.",
};
const FAILED = "! This browser could not do that. Nothing of your record is lost: reload the page, and try again.";
const LIMIT =
  "That copy stays in this browser, on this host. Binder may give you another host next time: download your record to be sure.";

function render({ model, el }) {
  if (!keeping) initialize({ model });
  const button = (text, action) => make("button", { type: "button", onclick: action }, text);
  const status = make("span", { role: "status" });
  const said = make("p", { class: "iso-words", role: "status" });
  said.hidden = true;
  const file = make("input", { type: "file", accept: ".jsonl,.json,.txt", "aria-label": "A downloaded record", hidden: "" });
  const download = button("Download my record", () => doing(() => keeping.next(() => keeping.download())));
  const upload = button("Upload a record…", () => file.click());
  const mine = button("They are mine: bring them in", () => keeping.meet(true));
  const leave = button("Leave them", () => keeping.leave());
  const choice = make("span", {}, mine, " ", leave);
  const root = make("div", { class: "iso-view iso-keeper", role: "group", "aria-label": "Your record" },
    make("div", { class: "iso-bar" }, download, upload, file, status, choice), said, make("p", { class: "iso-takeaway" }, LIMIT));
  el.replaceChildren(root);

  async function doing(action) {
    download.disabled = upload.disabled = true;
    said.hidden = false;
    said.textContent = "… One moment.";
    try {
      said.textContent = `✓ ${await action()}`;
    } catch (error) {
      if (!(error instanceof Refused)) console.error(error);
      said.textContent = error instanceof Refused ? `! ${error.message}` : FAILED;
    } finally {
      download.disabled = upload.disabled = false;
      file.value = "";
    }
  }
  file.addEventListener("change", () => {
    const [chosen] = file.files;
    if (chosen) doing(() => keeping.next(() => keeping.upload(chosen)));
  });
  ownKeys(root);

  function show() {
    const { state, silent } = keeping;
    const text = silent ? `… ${SILENT}` : SAY[state.phase](state);
    if (status.textContent !== text) status.textContent = text;
    choice.hidden = state.phase !== "strangers";
    root.dataset.phase = state.phase;
  }
  keeping.shown.add(show);
  show();
  return () => keeping.shown.delete(show);
}

export default { initialize, render };
