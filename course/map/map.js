// The map: a card for each unit, where the layout puts it, and a line from what it needs. Everything said on it comes
// from the kernel; what is pressed on it is asked of the kernel, as {seq, do, unit}, and answered by a new `map`.

const CARD = 190; // the narrowest card, in px
const ROOM = { across: 44, down: 30 }; // between layers, for the lines

// How the layers run in this width: "across", "down", or "list" (one below another, without lines).
export function direction(width, units, edges) {
  const cells = [...units.map((u) => [u.layer, u.row]), ...edges.flatMap((e) => e.path)];
  const count = (k) => 1 + Math.max(0, ...cells.map((cell) => cell[k]));
  const fits = (n, gap) => width >= n * CARD + (n - 1) * gap;
  if (fits(count(0), ROOM.across)) return "across";
  return count(1) > 1 && fits(count(1), 14) ? "down" : "list";
}

// The one of `boxes` ({x, y}) that lies next to box `at` in the direction of the arrow; −1 where there is none.
export function neighbour(boxes, at, key) {
  const [dx, dy] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key];
  let [best, found] = [Infinity, -1];
  boxes.forEach((box, k) => {
    const [x, y] = [box.x - boxes[at].x, box.y - boxes[at].y];
    const along = x * dx + y * dy;
    const aside = Math.abs(x * dy) + Math.abs(y * dx);
    if (k === at || along < 1 || along + 3 * aside >= best) return;
    [best, found] = [along + 3 * aside, k];
  });
  return found;
}

// Makes `anchor` open the notebook at `href`, relative to this one. In JupyterLab its own handler of links opens it, as
// it does for a link in a cell's text; elsewhere it stays a plain link.
async function linkTo(anchor, href, manager) {
  anchor.href = href;
  const { resolver, linkHandler } = manager?.rendermime ?? {};
  if (!resolver || !linkHandler) return;
  const path = decodeURI(await resolver.resolveUrl(encodeURI(href)));
  linkHandler.handleLink(anchor, path, "");
  const page = JSON.parse(document.getElementById("jupyter-config-data")?.textContent || "{}");
  if (page.fullAppUrl && location.pathname.startsWith(page.fullAppUrl)) {
    anchor.href = `${page.fullAppUrl}/tree/${encodeURI(path)}`; // for a new tab or window
  }
}

function render({ model, el }) {
  const view = Math.random().toString(36).slice(2); // two views of one map number their questions apart
  let [count, waitingFor] = [0, null];

  const title = make("p", { class: "iso-title", role: "heading", "aria-level": "2" });
  const summary = make("p", { class: "iso-words iso-summary", role: "status" });
  const due = make("button", { type: "button", class: "iso-main", onclick: () => ask("due") });
  const refresh = make("button", { type: "button", title: "Read your record again", onclick: () => ask("refresh") }, "Refresh");
  const warning = make("p", { class: "iso-waiting", role: "note", hidden: "" });
  const waiting = patience();
  const lines = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  lines.setAttribute("aria-hidden", "true");
  const list = make("ul", { class: "iso-units", role: "list" });
  const graph = make("div", { class: "iso-graph" }, lines, list);
  const root = make("div", { class: "iso-view iso-map", role: "group" },
    make("div", { class: "iso-bar iso-head" }, make("div", { class: "iso-said" }, title, summary), due, refresh),
    warning, waiting.note, graph);
  el.replaceChildren(root);
  ownKeys(root);

  function ask(what, unit = "", quietly = false) {
    count += 1;
    const seq = `${view}:${count}`;
    model.send({ seq, do: what, unit });
    if (quietly) return;
    waitingFor = seq;
    waiting.begin();
  }

  function tool(text, label, action, unit, main = false) {
    const button = make("button", { type: "button", "aria-label": label, title: label, "data-do": action }, text);
    if (main) button.classList.add("iso-main");
    button.addEventListener("click", () => ask(action, unit.id));
    return button;
  }

  function card(unit) {
    const named = `${unit.label}, ${unit.word}`;
    const opens = unit.lesson && !unit.locked;
    const head = opens
      ? make("a", { class: "iso-lesson", "aria-label": named, title: unit.question }, unit.label)
      : make("button", { type: "button", class: "iso-lesson", title: unit.question,
          "aria-label": `${named}: ${unit.locked ? "what is missing" : "where you stand"}` }, unit.label);
    if (opens) linkTo(head, unit.lesson, model.widget_manager);
    else head.addEventListener("click", () => ask("why", unit.id));
    const percent = Math.round(100 * unit.share);
    const bar = make("div", { class: "iso-share", role: "progressbar", "aria-label": `Done of ${unit.label}`,
      "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": String(percent), "aria-valuetext": unit.done },
      make("i", { style: `width: ${percent}%` }));
    const tools = [];
    if (unit.checkpoint) tools.push(tool("Checkpoint", `Checkpoint of ${unit.label}`, "checkpoint", unit, true));
    if (unit.practise) tools.push(tool("Practise", `Practise ${unit.label}`, "practise", unit));
    if (unit.exercises && !unit.locked) {
      const link = make("a", { "aria-label": `Exercises of ${unit.label}` }, "Exercises");
      linkTo(link, unit.exercises, model.widget_manager);
      tools.push(link);
    }
    tools.push(tool("Why?", `Why? Where you stand with ${unit.label}, and why`, "why", unit));
    return make("li", { class: "iso-unit", "data-unit": unit.id, "data-state": unit.state.replace(" ", "-") },
      head,
      make("p", { class: "iso-state" }, make("span", { class: "iso-sign", "aria-hidden": "true" }, unit.sign), ` ${unit.word}`,
        make("span", { class: "iso-minutes" }, `${unit.minutes} min`)),
      bar,
      make("p", { class: "iso-done" }, [unit.done, unit.due].filter(Boolean).join(" · ")),
      ...(unit.note ? [make("p", { class: "iso-note" }, unit.note)] : []),
      make("div", { class: "iso-bar" }, ...tools));
  }

  function take() {
    const map = model.get("map");
    const held = document.activeElement?.closest?.(".iso-unit")?.dataset.unit;
    const act = document.activeElement?.dataset?.do;
    title.textContent = `Your way through ${map.title}`;
    root.setAttribute("aria-label", `Map of ${map.title}`);
    if (summary.textContent !== map.summary) summary.textContent = map.summary;
    due.textContent = map.due ? "Practise what is due" : "Practise for ten minutes";
    warning.textContent = map.warning;
    warning.hidden = !map.warning;
    const inside = root.contains(document.activeElement);
    list.replaceChildren(...map.units.map(card), ...passing(map.edges));
    place();
    if (inside && held) {
      // The reader's place is kept: the same control, else the unit's name.
      const here = list.querySelector(`[data-unit="${CSS.escape(held)}"]`);
      (here?.querySelector(`[data-do="${act}"]`) ?? here?.querySelector(".iso-lesson"))?.focus();
    }
    if (map.seq === waitingFor) {
      waitingFor = null;
      waiting.end();
    }
    root.dataset.seq = map.seq ?? "";
  }

  // Empty cells through which lines pass.
  function passing(edges) {
    return edges.flatMap((edge) => edge.path.slice(1, -1).map(([layer, row]) =>
      make("li", { class: "iso-passing", "aria-hidden": "true", "data-at": `${layer}:${row}` })));
  }

  function place() {
    const { units, edges } = model.get("map");
    const wide = list.clientWidth;
    if (!wide) return;
    const runs = direction(wide, units, edges);
    graph.dataset.runs = runs;
    const at = (node, [layer, row]) => {
      const [column, line] = runs === "across" ? [layer, row] : [row, layer];
      node.style.gridArea = runs === "list" ? "" : `${line + 1} / ${column + 1}`;
    };
    const tracks = 1 + Math.max(0, ...units.map((u) => (runs === "across" ? u.layer : u.row)));
    list.style.gridTemplateColumns = runs === "list" ? "" : `repeat(${tracks}, minmax(${CARD}px, 1fr))`;
    units.forEach((unit, k) => at(list.children[k], [unit.layer, unit.row]));
    list.querySelectorAll(".iso-passing").forEach((cell) => at(cell, cell.dataset.at.split(":").map(Number)));
    draw(runs);
  }

  function draw(runs) {
    lines.replaceChildren();
    lines.setAttribute("width", 0);
    lines.setAttribute("height", 0);
    if (runs === "list") return;
    const { units, edges } = model.get("map");
    const origin = graph.getBoundingClientRect();
    const box = (node) => {
      const r = node.getBoundingClientRect();
      return { left: r.left - origin.left, right: r.right - origin.left, top: r.top - origin.top,
        bottom: r.bottom - origin.top, x: (r.left + r.right) / 2 - origin.left, y: (r.top + r.bottom) / 2 - origin.top };
    };
    const cell = ([layer, row], k, path) => {
      const ends = k === 0 || k === path.length - 1;
      const unit = ends && units.findIndex((u) => u.layer === layer && u.row === row);
      return box(ends ? list.children[unit] : list.querySelector(`.iso-passing[data-at="${layer}:${row}"]`));
    };
    const add = (name, attributes) => {
      const node = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
      lines.append(node);
    };
    lines.setAttribute("width", origin.width);
    lines.setAttribute("height", origin.height);
    for (const edge of edges) {
      const boxes = edge.path.map(cell);
      const points = boxes.flatMap((b, k) => {
        const [into, out] = runs === "across" ? [[b.left, b.y], [b.right, b.y]] : [[b.x, b.top], [b.x, b.bottom]];
        return [...(k > 0 ? [into] : []), ...(k < boxes.length - 1 ? [out] : [])];
      });
      let path = `M ${points[0]}`;
      for (let k = 1; k < points.length; k += 1) {
        const [[x0, y0], [x1, y1]] = [points[k - 1], points[k]];
        path += runs === "across"
          ? ` C ${[(x0 + x1) / 2, y0, (x0 + x1) / 2, y1, x1, y1]}`
          : ` C ${[x0, (y0 + y1) / 2, x1, (y0 + y1) / 2, x1, y1]}`;
      }
      const locked = units.find((unit) => unit.id === edge.to).locked;
      add("path", { d: path, class: locked ? "iso-closed" : "", "data-edge": `${edge.from} ${edge.to}` });
      const [x, y] = points[points.length - 1];
      add("path", { class: "iso-tip", d: runs === "across" ? `M ${x} ${y} l -7 -4 v 8 z` : `M ${x} ${y} l -4 -7 h 8 z` });
    }
  }

  root.addEventListener("keydown", (event) => {
    if (!event.key.startsWith("Arrow") || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const cards = [...list.querySelectorAll(".iso-unit")];
    const from = cards.indexOf(event.target.closest(".iso-unit"));
    if (from < 0) return;
    const boxes = cards.map((node) => node.getBoundingClientRect()).map((r) => ({ x: r.x + r.width / 2, y: r.y + r.height / 2 }));
    const to = neighbour(boxes, from, event.key);
    event.preventDefault();
    if (to >= 0) cards[to].querySelector(".iso-lesson").focus();
  });

  model.on("change:map", take);
  const sizes = new ResizeObserver(place);
  sizes.observe(root);
  // A learner who comes back from a lesson finds the map as things stand now.
  let hidden = false;
  const seen = new IntersectionObserver(([entry]) => {
    if (entry.isIntersecting && hidden) ask("refresh", "", true);
    hidden = !entry.isIntersecting;
  });
  seen.observe(root);
  take();
  return () => {
    waiting.end();
    model.off("change:map", take);
    sizes.disconnect();
    seen.disconnect();
  };
}

export default { render };
