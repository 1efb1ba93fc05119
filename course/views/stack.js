// A stack of layers to edit: native controls, one row a layer, and what the kernel counts beside each.

const SAY = { channels: "channels", kernel: "kernel", stride: "stride", padding: "padding", units: "units", size: "size" };

// The stack after an edit; a pure function. A row is {kind, …settings}.
export function edit(stack, action, kinds) {
  const layers = stack.layers.map((layer) => ({ ...layer }));
  const { at } = action;
  switch (action.type) {
    case "set":
      layers[at][action.name] = action.value;
      break;
    case "kind": {
      const kept = layers[at];
      layers[at] = { kind: action.kind };
      for (const [name, first] of Object.entries(kinds[action.kind])) layers[at][name] = kept[name] ?? first;
      break;
    }
    case "add":
      layers.splice(at, 0, { kind: action.kind, ...kinds[action.kind] });
      break;
    case "remove":
      layers.splice(at, 1);
      break;
    case "move": {
      const to = at + action.by;
      if (to < 0 || to >= layers.length) return stack;
      [layers[at], layers[to]] = [layers[to], layers[at]];
      break;
    }
    case "shape": {
      const shape = [...stack.shape];
      shape[at] = action.value;
      return { ...stack, shape };
    }
    case "load":
      return { shape: [...action.shape], layers: action.layers.map((layer) => ({ ...layer })) };
  }
  return { ...stack, layers };
}

// A number as typed, kept to whole numbers in [least, most]; null while it is none.
export function whole(text, least, most) {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) return null;
  return Math.min(most, Math.max(least, Math.round(value)));
}

const grouped = (n) => n.toLocaleString("en-US");

const STYLE = `
.iso-stack table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
.iso-stack .iso-scroll { max-height: 500px; overflow: auto; }
.iso-stack th { text-align: left; font-weight: 600; color: var(--iso-soft); padding: 3px 7px 3px 0; white-space: nowrap; }
.iso-stack thead th.iso-number { text-align: right; }
.iso-stack thead th { position: sticky; top: 0; background: var(--iso-ground); z-index: 1; }
.iso-stack td { padding: 2px 7px 2px 0; border-top: 1px solid var(--iso-line); vertical-align: middle; }
.iso-stack td.iso-number { text-align: right; white-space: nowrap; min-width: 80px; }
.iso-stack td.iso-number i { display: block; height: 4px; margin-left: auto; border-radius: 2px; }
.iso-stack td.iso-tools { white-space: nowrap; }
.iso-stack input, .iso-stack select, .iso-stack td button {
  height: 26px; color: var(--iso-ink); background: var(--iso-ground); border: 1px solid var(--iso-edge);
  border-radius: 4px; font: inherit;
}
.iso-stack input { width: 50px; padding: 1px 2px 1px 4px; }
.iso-stack td button { min-width: 26px; padding: 0 4px; cursor: pointer; background: transparent; }
.iso-stack td button:disabled { opacity: 0.4; cursor: default; }
.iso-stack td label { display: inline-flex; align-items: center; gap: 3px; margin-right: 5px; color: var(--iso-soft); }
.iso-stack tr.iso-faulty td { background: color-mix(in srgb, #D55E00 18%, transparent); }
.iso-stack .iso-fault { border-left: 3px solid #D55E00; padding-left: 8px; }
.iso-stack .iso-words { font-weight: 600; }
`;

function render({ model, el }) {
  const offer = model.get("offer");
  let stack = model.get("answer").stack;
  const view = Math.random().toString(36).slice(2); // two views of one stack number their questions apart
  let [asked, flying, next] = [0, null, null];

  const presets = make("select", { "aria-label": "Load a stack" }, make("option", { value: "" }, "load …"),
    ...offer.presets.map(({ name }, k) => make("option", { value: k }, name)));
  const shapeHolder = make("span", { class: "iso-shape" });
  const body = make("tbody");
  const kindToAdd = make("select", { "aria-label": "Kind of the new layer" },
    ...Object.keys(offer.kinds).map((kind) => make("option", { value: kind }, kind)));
  const add = make("button", { type: "button", "data-do": "add" }, "Add a layer");
  const waiting = patience();
  const words = make("p", { class: "iso-words", "aria-live": "polite" });
  const title = "A stack of layers, and what it costs";
  const NUMBERS = ["parameters", "multiply-adds"];
  const headings = ["", "layer", "settings", "output", "parameters", "multiply-adds", "sees", ""];
  const root = make(
    "div",
    { class: "iso-view iso-stack", role: "group", "aria-label": title, "data-lm-suppress-shortcuts": "true" },
    make("style", {}, STYLE),
    make("p", { class: "iso-title" }, title),
    make("div", { class: "iso-controls" }, make("label", {}, "Start from", presets), make("span", {}, "Input: ", shapeHolder)),
    make("div", { class: "iso-scroll" },
      make("table", {}, make("thead", {}, make("tr", {}, ...headings.map((h) => make("th", { scope: "col", ...(NUMBERS.includes(h) ? { class: "iso-number" } : {}) }, h)))), body)),
    make("div", { class: "iso-bar" }, kindToAdd, add),
    waiting.note,
    words,
  );
  el.replaceChildren(root);

  function act(action, event, focus) {
    stack = edit(stack, action, offer.kinds);
    if (action.type !== "set" && action.type !== "shape") build(focus);
    ask(event);
  }

  // At most one question is on its way: while the reader types, only the newest is asked next.
  function ask(event) {
    asked += 1;
    const question = { seq: `${view}:${asked}`, began: event?.timeStamp ?? performance.now(), stack };
    if (flying === null) send(question);
    else next = question;
  }
  function send(question) {
    flying = question;
    waiting.begin();
    model.send({ seq: question.seq, shape: question.stack.shape, layers: question.stack.layers });
  }

  function number(name, value, label, then) {
    const [least, most] = [offer.least[name] ?? 1, offer.most[name] ?? 4096];
    const input = make("input", { type: "number", min: least, max: most, step: 1, value, "aria-label": label });
    input.addEventListener("input", (event) => {
      const read = whole(input.value, least, most);
      if (read !== null) then(read, event);
    });
    input.addEventListener("change", () => {
      const read = whole(input.value, least, most);
      if (read !== null) input.value = read; // what was counted is what stands there
    });
    return input;
  }

  const tool = (text, label, disabled, then) => {
    const button = make("button", { type: "button", "aria-label": label, title: label, onclick: then }, text);
    button.disabled = disabled;
    return button;
  };

  // All rows anew, after their number or kind changed. `focus` = [row, selector] keeps the reader's place.
  function build(focus) {
    const names = stack.shape.length === 3 ? ["channels", "rows", "columns"] : stack.shape.length === 2 ? ["channels", "samples"] : ["features"];
    shapeHolder.replaceChildren(...stack.shape.flatMap((n, k) => [
      k ? " × " : "", number("shape", n, `Input ${names[k]}`, (value, event) => act({ type: "shape", at: k, value }, event)),
    ]), ` (${names.join(" × ")})`);
    body.replaceChildren(...stack.layers.map((layer, at) => {
      const kind = make("select", { "aria-label": `Kind of layer ${at + 1}`, class: "iso-kind" },
        ...Object.keys(offer.kinds).map((name) => make("option", { value: name }, name)));
      kind.value = layer.kind;
      kind.addEventListener("change", (event) => act({ type: "kind", at, kind: kind.value }, event, [at, ".iso-kind"]));
      const settings = Object.keys(offer.kinds[layer.kind]).map((name) => make("label", {}, SAY[name],
        number(name, layer[name], `${SAY[name]} of layer ${at + 1}`, (value, event) => act({ type: "set", at, name, value }, event))));
      const last = stack.layers.length - 1;
      return make("tr", {},
        make("th", { scope: "row" }, String(at + 1)),
        make("td", {}, kind),
        make("td", {}, ...settings),
        make("td", { class: "iso-out" }),
        make("td", { class: "iso-number" }), make("td", { class: "iso-number" }),
        make("td", { class: "iso-field" }),
        make("td", { class: "iso-tools" },
          tool("↑", `Move layer ${at + 1} up`, at === 0, (event) => act({ type: "move", at, by: -1 }, event, [at - 1, ".iso-tools button:nth-child(1)"])), " ",
          tool("↓", `Move layer ${at + 1} down`, at === last, (event) => act({ type: "move", at, by: 1 }, event, [at + 1, ".iso-tools button:nth-child(2)"])), " ",
          tool("+", `Add a layer below layer ${at + 1}`, stack.layers.length >= offer.most_layers,
            (event) => act({ type: "add", at: at + 1, kind: kindToAdd.value }, event, [at + 1, ".iso-kind"])), " ",
          tool("✕", `Remove layer ${at + 1}`, false, (event) => act({ type: "remove", at }, event, [Math.min(at, last - 1), ".iso-tools button:last-child"])),
        ));
    }));
    add.disabled = stack.layers.length >= offer.most_layers;
    if (focus) {
      const row = body.children[focus[0]];
      const target = row?.querySelector(focus[1]);
      if (target && !target.disabled) target.focus();
      else (row?.querySelector(".iso-kind") ?? add).focus();
    }
  }

  // What the answer says, in the cells of the rows that stand there.
  function fill(answer) {
    const most = ["parameters", "multiply_adds"].map((name) => Math.max(1, ...answer.rows.map((row) => row[name])));
    [...body.children].forEach((tr, at) => {
      const row = answer.rows[at];
      tr.classList.toggle("iso-faulty", Boolean(answer.error) && at === answer.rows.length);
      tr.querySelector(".iso-out").textContent = row ? row.shape : "–";
      tr.querySelector(".iso-field").textContent = row ? row.field : "–";
      tr.querySelectorAll(".iso-number").forEach((cell, k) => {
        const value = row && row[["parameters", "multiply_adds"][k]];
        const bar = make("i", { style: `width: ${row ? Math.max(value ? 1 : 0, (80 * value) / most[k]) : 0}px; background: ${PALETTE[k ? 3 : 0]}` });
        cell.replaceChildren(row ? grouped(value) : "–", bar);
      });
    });
    words.textContent = answer.words;
    words.classList.toggle("iso-fault", Boolean(answer.error));
  }

  function take() {
    const answer = model.get("answer");
    const question = flying;
    const mine = question !== null && answer.seq === question.seq;
    if (mine) {
      flying = null;
      waiting.end();
      if (next) {
        [question.next, next] = [next, null];
        send(question.next);
        return; // a newer stack is on its way: this answer's rows may not be the reader's any more
      }
    } else if (JSON.stringify(answer.stack) !== JSON.stringify(stack)) {
      stack = answer.stack; // changed from Python, or in another view of the same stack
      build();
    }
    fill(answer);
    root.dataset.seq = answer.seq ?? "";
    if (!mine) return;
    requestAnimationFrame(() => {
      // A task after this frame: by then the browser has painted it.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        root.dataset.painted = answer.seq;
        performance.measure("isometry:redraw", { start: question.began, end: performance.now(), detail: { seq: answer.seq } });
      };
      port2.postMessage(null);
    });
  }

  add.addEventListener("click", (event) =>
    act({ type: "add", at: stack.layers.length, kind: kindToAdd.value }, event, [stack.layers.length, ".iso-kind"]));
  presets.addEventListener("change", (event) => {
    if (presets.value === "") return;
    act({ type: "load", ...offer.presets[Number(presets.value)] }, event);
    presets.value = "";
  });
  model.on("change:answer", take);
  build();
  take();
  return () => {
    waiting.end();
    model.off("change:answer", take);
  };
}

export default { render };
