// What every view draws with: colours of the page, a crisp canvas, ticks, axes; and how it meets reader and kernel.
// Joined before a view's own file.

const PALETTE = ["#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"]; // Okabe & Ito: told apart by all
const DASHES = { solid: [], dashed: [7, 4], dotted: [2, 3], dashdot: [8, 3, 2, 3] };
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

// The colours of the page the view stands in, light or dark (see view.css).
function theme(root) {
  const style = getComputedStyle(root);
  const read = (name) => style.getPropertyValue(name).trim();
  return { ink: read("--iso-ink"), soft: read("--iso-soft"), line: read("--iso-line"), ground: read("--iso-ground") };
}

// Calls `redraw` when the page turns light or dark; returns how to stop.
function onTheme(redraw) {
  const observer = new MutationObserver(() => requestAnimationFrame(redraw));
  observer.observe(document.body, { attributes: true });
  observer.observe(document.documentElement, { attributes: true });
  const query = matchMedia("(prefers-color-scheme: dark)");
  query.addEventListener("change", redraw);
  return () => {
    observer.disconnect();
    query.removeEventListener("change", redraw);
  };
}

// A 2D context scaled to the screen's pixels, cleared, in which one unit is one CSS pixel.
function prepare(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  const ctx = canvas.getContext("2d");
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, width, height);
  return ctx;
}

const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

// 10^e as it is read at a tick: "10⁻³", and plain numbers between whole powers.
function powerLabel(e) {
  if (Math.abs(e - Math.round(e)) > 1e-9) return Number(Math.pow(10, e).toPrecision(2)).toString();
  return "10" + String(Math.round(e)).replace(/./g, (c) => RAISED[c]);
}

// At most about `count` round values in [low, high]; on a log axis whole exponents, while there is room for two.
function ticks(low, high, count, log = false) {
  const raw = (high - low) / Math.max(1, count);
  let step = Math.pow(10, Math.floor(Math.log10(raw)));
  step *= [1, 2, 5, 10].find((m) => m * step >= raw * 0.999);
  if (log && high - low >= 2) step = Math.max(1, Math.round(step));
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k += 1) {
    const value = k * step;
    const plain = Math.abs(value) >= 1e5 ? value.toExponential(0) : value.toFixed(digits).replace("-", "−");
    found.push({ value, label: log ? powerLabel(value) : plain });
  }
  return found;
}

// Maps data to pixels inside `plot`. x, y: {lim: [low, high], log, ticks}.
function frameOf(plot, x, y, flip = false) {
  const along = (v, [low, high]) => (v - low) / (high - low);
  return {
    ...plot,
    x: (v) => plot.left + along(v, x.lim) * plot.width,
    y: (v) => plot.top + (flip ? along(v, y.lim) : 1 - along(v, y.lim)) * plot.height,
  };
}

function axisTicks(axis, pixels, each) {
  const [low, high] = axis.lim;
  if (axis.ticks && axis.ticks.length) {
    return axis.ticks.map(([value, label]) => ({ value, label })).filter((t) => t.value >= low && t.value <= high);
  }
  return ticks(low, high, pixels / each, axis.log);
}

// Grid lines, ticks and labels round `frame`; the title stands above it.
function drawAxes(ctx, frame, { title, x, y }, colours) {
  ctx.save();
  ctx.lineWidth = 1;
  ctx.strokeStyle = colours.line;
  ctx.fillStyle = colours.soft;
  ctx.font = `11px ${FONT}`;
  const right = frame.left + frame.width;
  const bottom = frame.top + frame.height;
  const crisp = (v) => Math.round(v) + 0.5;
  ctx.beginPath();
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  for (const { value, label } of axisTicks(x, frame.width, 60)) {
    const px = crisp(frame.x(value));
    ctx.moveTo(px, frame.top);
    ctx.lineTo(px, bottom + 4);
    ctx.fillText(label, px, bottom + 6);
  }
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  for (const { value, label } of axisTicks(y, frame.height, 36)) {
    const py = crisp(frame.y(value));
    ctx.moveTo(frame.left - 4, py);
    ctx.lineTo(right, py);
    ctx.fillText(label, frame.left - 7, py);
  }
  ctx.rect(crisp(frame.left), crisp(frame.top), Math.round(frame.width), Math.round(frame.height));
  ctx.stroke();
  ctx.fillStyle = colours.ink;
  ctx.font = `12px ${FONT}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "bottom";
  ctx.fillText(x.label, frame.left + frame.width / 2, bottom + 38, frame.width + 60);
  ctx.save();
  ctx.translate(frame.left - 60, frame.top + frame.height / 2);
  ctx.rotate(-Math.PI / 2);
  ctx.textBaseline = "top";
  ctx.fillText(y.label, 0, 0, frame.height + 40);
  ctx.restore();
  ctx.font = `600 13px ${FONT}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "bottom";
  if (title) ctx.fillText(title, frame.left, frame.titleAt ?? frame.top - 8, frame.width + 40);
  ctx.restore();
}

// Swatches with their labels in a row; returns nothing drawn past `width`. `swatch(ctx, x, y)` draws 22 px wide.
function drawLegend(ctx, entries, left, baseline, width, colours) {
  ctx.save();
  ctx.font = `12px ${FONT}`;
  ctx.textBaseline = "middle";
  let x = left;
  for (const { label, swatch } of entries) {
    const needed = 28 + ctx.measureText(label).width + 14;
    if (x > left && x + needed > left + width + 14) break;
    ctx.save();
    swatch(ctx, x, baseline);
    ctx.restore();
    ctx.fillStyle = colours.ink;
    ctx.fillText(label, x + 28, baseline);
    x += needed;
  }
  ctx.restore();
}

// Adds to the path a polyline through points whose y may be NaN, which breaks it.
function trace(ctx, frame, xs, ys, from = 0, count = xs.length) {
  let pen = false;
  for (let k = 0; k < count; k += 1) {
    const [vx, vy] = [xs[k], ys[from + k]];
    if (!Number.isFinite(vx) || !Number.isFinite(vy)) {
      pen = false;
      continue;
    }
    if (pen) ctx.lineTo(frame.x(vx), frame.y(vy));
    else ctx.moveTo(frame.x(vx), frame.y(vy));
    pen = true;
  }
}

function drawLine(ctx, frame, xs, ys, from = 0, count = xs.length) {
  ctx.beginPath();
  trace(ctx, frame, xs, ys, from, count);
  ctx.stroke();
}

function clipTo(ctx, frame) {
  ctx.beginPath();
  ctx.rect(frame.left, frame.top, frame.width, frame.height);
  ctx.clip();
}

// A small DOM builder: make("button", {"aria-label": "Play"}, child, …).
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

// Keeps plain keys pressed in a view from JupyterLab, whose command mode would take arrows, Home, 0 and more for
// itself. What works everywhere in JupyterLab (Ctrl+S, Shift+Enter, Escape) still reaches it.
function ownKeys(root) {
  root.addEventListener("keydown", (event) => {
    const theirs = event.ctrlKey || event.metaKey || event.altKey || event.key === "Escape";
    if (!theirs && !(event.shiftKey && event.key === "Enter")) event.stopPropagation();
  });
}

const PATIENCE = 2000; // ms after which a reader wants to know why nothing moves
const SILENT = "The kernel has not answered yet: it is busy with another cell, or it was stopped (then run this cell again).";

// A `note` that stands there while the kernel lets a question wait: from PATIENCE after `begin()` until `end()`.
function patience() {
  let timer = 0;
  const note = make("p", { class: "iso-waiting", role: "status", hidden: "" });
  const begin = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      note.textContent = SILENT;
      note.hidden = false;
    }, PATIENCE);
  };
  const end = () => {
    clearTimeout(timer);
    note.hidden = true;
  };
  return { note, begin, end };
}

// anywidget hands bytes over as a DataView; a copy of them as float32 (the buffer may lie at an odd place).
function floats(view) {
  if (!view || !view.byteLength) return new Float32Array();
  const { buffer, byteOffset, byteLength } = view;
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}
