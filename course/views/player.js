// The trajectory player: one description and one float32 buffer, played here without the kernel.
// The state and what can happen to it are pure functions (`initial`, `reduce`, `keyAction`); `render` shows them.

export const SPEEDS = [0.25, 0.5, 1, 2, 4];
const MOST_ZOOM = 32;

export function initial(last) {
  return { last, position: 0, playing: false, speed: 1, zoom: 1, x: 0.5, y: 0.5 };
}

const clamp = (v, low, high) => Math.min(high, Math.max(low, v));

// The middle of what is seen, kept so that nothing outside the axes comes into view. x, y in 0 … 1.
function look(state, zoom, x, y) {
  const half = 0.5 / zoom;
  return { ...state, zoom, x: clamp(x, half, 1 - half), y: clamp(y, half, 1 - half) };
}

// Zoom by `factor` so that the point (x, y) of the axes stays where it is on the screen.
function zoomAt(state, factor, x = state.x, y = state.y) {
  const zoom = clamp(state.zoom * factor, 1, MOST_ZOOM);
  const shrink = state.zoom / zoom;
  return look(state, zoom, x + (state.x - x) * shrink, y + (state.y - y) * shrink);
}

const at = (state, position) => ({ ...state, position: clamp(position, 0, state.last), playing: false });

// The state after an action. Time passes only by {type: "tick", frames}: how many frames went by at speed 1.
export function reduce(state, action) {
  switch (action.type) {
    case "first": return at(state, 0);
    case "last": return at(state, state.last);
    case "back": return at(state, Math.ceil(state.position - 1e-9) - 1);
    case "forward": return at(state, Math.floor(state.position + 1e-9) + 1);
    case "seek": return at(state, action.position);
    case "pause": return { ...state, playing: false };
    case "toggle":
      if (state.playing) return { ...state, playing: false };
      if (state.last === 0) return state;
      return { ...state, playing: true, position: state.position >= state.last ? 0 : state.position };
    case "tick": {
      if (!state.playing) return state;
      const position = state.position + Math.max(0, action.frames) * state.speed;
      return position >= state.last ? at(state, state.last) : { ...state, position };
    }
    case "speed": return SPEEDS.includes(action.speed) ? { ...state, speed: action.speed } : state;
    case "faster": return { ...state, speed: SPEEDS[Math.min(SPEEDS.length - 1, SPEEDS.indexOf(state.speed) + 1)] };
    case "slower": return { ...state, speed: SPEEDS[Math.max(0, SPEEDS.indexOf(state.speed) - 1)] };
    case "zoom": return zoomAt(state, action.factor, action.x, action.y);
    case "whole": return look(state, 1, 0.5, 0.5);
    case "pan": return look(state, state.zoom, state.x + action.x / state.zoom, state.y + action.y / state.zoom);
    default: return state;
  }
}

// The frame whose label is read out: the last one that was reached.
export const frameAt = (state) => Math.floor(state.position + 1e-6);

const KEYS = {
  " ": { type: "toggle" }, k: { type: "toggle" },
  ArrowLeft: { type: "back" }, ArrowRight: { type: "forward" },
  Home: { type: "first" }, End: { type: "last" },
  "+": { type: "zoom", factor: 1.5 }, "=": { type: "zoom", factor: 1.5 },
  "-": { type: "zoom", factor: 1 / 1.5 }, "−": { type: "zoom", factor: 1 / 1.5 }, 0: { type: "whole" },
  "[": { type: "slower" }, "]": { type: "faster" },
};
const PANS = { ArrowLeft: [-0.2, 0], ArrowRight: [0.2, 0], ArrowUp: [0, 0.2], ArrowDown: [0, -0.2] };

// What a key does while the focus is on `target` ("button", "range", "select" or "other"); null: leave it alone.
export function keyAction({ key, ctrlKey, metaKey, altKey, shiftKey }, target = "other") {
  if (ctrlKey || metaKey || altKey || target === "select") return null;
  if (target === "button" && (key === " " || key === "Enter")) return null;
  if (shiftKey && PANS[key]) return { type: "pan", x: PANS[key][0], y: PANS[key][1] };
  return KEYS[key] ?? null;
}

// The values of `array` = {values, frames, size} at a position between frames. NaN at either end: the nearer frame's.
export function sample(array, position, out = new Float32Array(array.size)) {
  const { values, frames, size } = array;
  const k = frames === 1 ? 0 : clamp(Math.floor(position), 0, frames - 1);
  const u = frames === 1 ? 0 : position - k;
  const [a, b] = [k * size, Math.min(k + 1, frames - 1) * size];
  for (let i = 0; i < size; i += 1) {
    const [start, end] = [values[a + i], values[b + i]];
    const mixed = start + (end - start) * u;
    out[i] = u === 0 ? start : Number.isNaN(mixed) ? (u < 0.5 ? start : end) : mixed;
  }
  return out;
}

// The part of an axis in view. middle in 0 … 1.
export function windowOf([low, high], zoom, middle) {
  const span = (high - low) / zoom;
  const start = low + (high - low) * middle - span / 2;
  return [start, start + span];
}

// --- drawing ------------------------------------------------------------------------------------------------

const paint = (colour, colours) => (colour === "ink" ? colours.ink : PALETTE[colour % PALETTE.length]);

// Bytes of a CSS colour, as the canvas understands it.
function rgb(colour) {
  const ctx = rgb.ctx ?? (rgb.ctx = make("canvas", { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true }));
  ctx.clearRect(0, 0, 1, 1);
  ctx.fillStyle = colour;
  ctx.fillRect(0, 0, 1, 1);
  return ctx.getImageData(0, 0, 1, 1).data;
}

const mix = (a, b, t) => [0, 1, 2].map((i) => a[i] + (b[i] - a[i]) * t);

// Value in 0 … 1 → colour. Zero of a diverging scale is the page itself, so that nothing looks like nothing.
function shades(palette, colours) {
  const page = rgb(colours.ground);
  const [low, high] = [rgb(PALETTE[0]), rgb(PALETTE[3])];
  if (palette === "sequential") return (t) => mix(page, low, t);
  return (t) => (t < 0.5 ? mix(low, page, 2 * t) : mix(page, high, 2 * t - 1));
}

function drawGrid(ctx, frame, mark, now, colours) {
  const [rows, cols] = mark.shape;
  const shade = shades(mark.palette, colours);
  const missing = mix(rgb(colours.ground), rgb(colours.ink), 0.12);
  const picture = new ImageData(cols, rows);
  for (let i = 0; i < rows * cols; i += 1) {
    const t = (now.values[i] - mark.limits[0]) / (mark.limits[1] - mark.limits[0]);
    picture.data.set(Number.isNaN(t) ? missing : shade(clamp(t, 0, 1)), 4 * i);
    picture.data[4 * i + 3] = 255;
  }
  const cells = make("canvas", { width: cols, height: rows });
  cells.getContext("2d").putImageData(picture, 0, 0);
  const [left, right, bottom, top] = mark.extent;
  ctx.imageSmoothingEnabled = false;
  ctx.save();
  ctx.translate(frame.x(left), frame.y(bottom));
  ctx.scale((frame.x(right) - frame.x(left)) / cols, (frame.y(top) - frame.y(bottom)) / rows); // row 0 at the bottom
  ctx.drawImage(cells, 0, 0);
  ctx.restore();
  if (now.box && Number.isFinite(now.box[0])) {
    const [row, col, tall, wide] = now.box;
    const x = (c) => frame.x(left + ((right - left) * c) / cols);
    const y = (r) => frame.y(bottom + ((top - bottom) * r) / rows);
    ctx.strokeStyle = colours.ink;
    ctx.lineWidth = 2.5;
    ctx.strokeRect(x(col), y(row), x(col + wide) - x(col), y(row + tall) - y(row));
  }
}

function drawScale(ctx, frame, mark, colours) {
  const shade = shades(mark.palette, colours);
  const left = frame.left + frame.width + 12;
  for (let k = 0; k < frame.height; k += 1) {
    ctx.fillStyle = `rgb(${shade(1 - k / frame.height).map(Math.round).join(",")})`;
    ctx.fillRect(left, frame.top + k, 10, 1.5);
  }
  ctx.strokeStyle = colours.soft;
  ctx.lineWidth = 1;
  ctx.strokeRect(left + 0.5, frame.top + 0.5, 9, frame.height - 1);
  ctx.fillStyle = colours.soft;
  ctx.font = `11px ${FONT}`;
  ctx.textAlign = "left";
  const say = (v) => Number(v.toPrecision(3)).toString().replace("-", "−");
  ctx.textBaseline = "top";
  ctx.fillText(say(mark.limits[1]), left + 14, frame.top);
  ctx.textBaseline = "bottom";
  ctx.fillText(say(mark.limits[0]), left + 14, frame.top + frame.height);
  if (mark.palette === "diverging" && mark.limits[0] < 0) {
    ctx.textBaseline = "middle";
    ctx.fillText(say((mark.limits[0] + mark.limits[1]) / 2), left + 14, frame.top + frame.height / 2);
  }
  if (mark.label) {
    ctx.translate(left + 36, frame.top + frame.height / 2);
    ctx.rotate(-Math.PI / 2);
    ctx.textAlign = "center";
    ctx.textBaseline = "top";
    ctx.fillText(mark.label, 0, 0, frame.height);
  }
}

function shape(ctx, marker, x, y, size) {
  const r = size / 2;
  ctx.beginPath();
  if (marker === "square") ctx.rect(x - r, y - r, size, size);
  else if (marker === "triangle") {
    ctx.moveTo(x, y - r * 1.1);
    ctx.lineTo(x + r, y + r * 0.9);
    ctx.lineTo(x - r, y + r * 0.9);
    ctx.closePath();
  } else if (marker === "cross") {
    ctx.moveTo(x - r, y - r);
    ctx.lineTo(x + r, y + r);
    ctx.moveTo(x + r, y - r);
    ctx.lineTo(x - r, y + r);
    ctx.lineWidth = 2;
    ctx.stroke();
    return;
  } else ctx.arc(x, y, r, 0, 2 * Math.PI);
  ctx.fill();
}

// A small arrow from above at what the frame points at.
function pointAt(ctx, x, y, colours) {
  ctx.fillStyle = colours.ink;
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(x - 5, y - 9);
  ctx.lineTo(x + 5, y - 9);
  ctx.fill();
}

const DRAW = {
  bars(ctx, frame, mark, now, colours, axis) {
    const base = axis.log ? axis.lim[0] - 1 : 0;
    now.x.forEach((x, k) => {
      if (!Number.isFinite(now.height[k])) return;
      const [left, right] = [frame.x(x - mark.half), frame.x(x + mark.half)];
      const [top, bottom] = [frame.y(now.height[k]), frame.y(base)];
      ctx.fillStyle = paint(mark.colour, colours);
      ctx.fillRect(left, Math.min(top, bottom), Math.max(1, right - left), Math.abs(bottom - top));
      if (k === now.highlight[0]) {
        ctx.strokeStyle = colours.ink;
        ctx.lineWidth = 2;
        ctx.strokeRect(left, Math.min(top, bottom), right - left, Math.abs(bottom - top));
        pointAt(ctx, (left + right) / 2, Math.max(frame.top + 10, Math.min(top, frame.top + frame.height - 2) - 2), colours);
      }
    });
  },
  lines(ctx, frame, mark, now, colours) {
    ctx.strokeStyle = paint(mark.colour, colours);
    ctx.lineWidth = mark.width;
    ctx.lineJoin = "round";
    ctx.setLineDash(DASHES[mark.dash]);
    const n = now.x.length;
    for (let k = 0; k * n < now.y.length; k += 1) drawLine(ctx, frame, now.x, now.y, k * n, n);
    ctx.setLineDash([]);
  },
  points(ctx, frame, mark, now, colours) {
    ctx.fillStyle = ctx.strokeStyle = paint(mark.colour, colours);
    now.x.forEach((x, k) => {
      if (Number.isFinite(x) && Number.isFinite(now.y[k])) shape(ctx, mark.marker, frame.x(x), frame.y(now.y[k]), mark.size);
    });
    const k = now.highlight[0];
    if (k >= 0 && k < now.x.length) pointAt(ctx, frame.x(now.x[k]), frame.y(now.y[k]) - mark.size / 2 - 1, colours);
  },
  grid: drawGrid,
  labels(ctx, frame, mark, now, colours, axis, k) {
    ctx.fillStyle = paint(mark.colour, colours);
    ctx.font = `${mark.size}px ${FONT}`;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    const texts = mark.text[Math.min(k, mark.text.length - 1)];
    texts.forEach((text, i) => {
      if (Number.isFinite(now.x[i]) && Number.isFinite(now.y[i])) ctx.fillText(text, frame.x(now.x[i]), frame.y(now.y[i]));
    });
  },
};

const SWATCH = {
  bars: (mark, colours) => (ctx, x, y) => {
    ctx.fillStyle = paint(mark.colour, colours);
    ctx.fillRect(x + 5, y - 6, 13, 12);
  },
  lines: (mark, colours) => (ctx, x, y) => {
    ctx.strokeStyle = paint(mark.colour, colours);
    ctx.lineWidth = mark.width;
    ctx.setLineDash(DASHES[mark.dash]);
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.lineTo(x + 23, y);
    ctx.stroke();
  },
  points: (mark, colours) => (ctx, x, y) => {
    ctx.fillStyle = ctx.strokeStyle = paint(mark.colour, colours);
    shape(ctx, mark.marker, x + 11, y, Math.max(7, mark.size));
  },
};

// Where the panels stand: in rows, as many side by side as leave each at least 280 px.
function layout(panels, width) {
  const rows = [];
  const most = Math.max(1, Math.floor(width / 300));
  for (let k = 0; k < panels.length; k += most) rows.push(panels.slice(k, k + most));
  const places = [];
  const height = 300;
  rows.forEach((row, r) => {
    const whole = row.reduce((sum, panel) => sum + panel.weight, 0);
    let left = 0;
    for (const panel of row) {
      const share = (width * panel.weight) / whole;
      places.push({ left, top: r * height, width: share, height });
      left += share;
    }
  });
  return { places, height: rows.length * height };
}

// The plot area of a panel within its place.
function plotOf(panel, place) {
  const legend = panel.marks.some((m) => m.label && SWATCH[m.kind]);
  const scale = panel.marks.find((m) => m.kind === "grid");
  const top = 10 + (panel.title ? 20 : 0) + (legend ? 22 : 0);
  const plot = {
    left: place.left + 64,
    top: place.top + top,
    width: place.width - 64 - (scale ? 66 : 16),
    height: place.height - top - 44,
    titleAt: place.top + 22,
  };
  if (panel.equal) {
    const [w, h] = [panel.x, panel.y].map(({ lim: [low, high] }) => high - low);
    const unit = Math.min(plot.width / w, plot.height / h);
    plot.left += (plot.width - unit * w) / 2;
    Object.assign(plot, { width: unit * w, height: unit * h });
  }
  return plot;
}

function drawPanel(ctx, panel, place, state, position, colours) {
  const x = { ...panel.x, lim: windowOf(panel.x.lim, state.zoom, state.x) };
  const y = { ...panel.y, lim: windowOf(panel.y.lim, state.zoom, panel.flip ? 1 - state.y : state.y) };
  const frame = frameOf(plotOf(panel, place), x, y, panel.flip);
  drawAxes(ctx, frame, { title: panel.title, x, y }, colours);
  ctx.save();
  clipTo(ctx, frame);
  for (const mark of panel.marks) {
    const now = {};
    for (const [name, array] of Object.entries(mark.arrays)) {
      const whole = name === "highlight" || name === "box" ? Math.floor(position + 1e-6) : position;
      now[name] = sample(array, whole, array.out);
    }
    ctx.save();
    DRAW[mark.kind](ctx, frame, mark, now, colours, y, Math.floor(position + 1e-6));
    ctx.restore();
  }
  ctx.restore();
  const named = panel.marks.filter((m) => m.label && SWATCH[m.kind]);
  const entries = named.map((m) => ({ label: m.label, swatch: SWATCH[m.kind](m, colours) }));
  drawLegend(ctx, entries, frame.left, frame.titleAt + (panel.title ? 13 : -6), frame.width, colours);
  for (const mark of panel.marks.filter((m) => m.kind === "grid")) {
    ctx.save();
    drawScale(ctx, frame, mark, colours);
    ctx.restore();
  }
}

// The description with its arrays read from the buffer.
export function unpack(spec, buffer) {
  const panels = spec.panels.map((panel) => ({
    ...panel,
    marks: panel.marks.map((mark) => {
      const arrays = {};
      for (const [name, { at, shape: [frames, ...rest] }] of Object.entries(mark.arrays)) {
        const size = rest.reduce((a, b) => a * b, 1);
        arrays[name] = { values: buffer.subarray(at, at + frames * size), frames, size, out: new Float32Array(size) };
      }
      return { ...mark, arrays, shape: mark.kind === "grid" ? mark.arrays.values.shape.slice(1) : null };
    }),
  }));
  return { ...spec, panels };
}

// --- the player in the page ---------------------------------------------------------------------------------

const ICONS = {
  first: "M3 3h2v10H3zM13 3v10L6 8z",
  back: "M12 3v10L4 8z",
  play: "M4 2.5v11L13.5 8z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  forward: "M3.5 3v10L10 8zM11 3h2v10h-2z",
  last: "M2 3v10l5-5zM7 3v10l5-5zM12 3h2v10h-2z",
};

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

const kindOf = (node) =>
  node.tagName === "BUTTON" ? "button" : node.tagName === "SELECT" ? "select" : node.type === "range" ? "range" : "other";

function render({ model, el }) {
  const spec = unpack(model.get("spec"), floats(model.get("data")));
  let state = initial(spec.frames.length - 1);
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const act = (action) => {
    state = reduce(state, action);
    show();
  };
  const button = (name, label, key, action, child) =>
    make("button", { type: "button", "data-do": name, "aria-label": label, title: `${label} (${key})`, onclick: () => act(action) }, child);

  const canvas = make("canvas", { role: "img", "aria-label": spec.alt });
  const play = button("play", "Play", "space", { type: "toggle" }, icon("play"));
  const whole = button("whole", "Reset zoom", "0", { type: "whole" }, "1×");
  const zoomIn = button("zoom-in", "Zoom in", "+", { type: "zoom", factor: 1.5 }, "+");
  const zoomOut = button("zoom-out", "Zoom out", "−", { type: "zoom", factor: 1 / 1.5 }, "−");
  const speed = make(
    "select",
    { "aria-label": "Speed", title: "Speed ([ and ])", onchange: () => act({ type: "speed", speed: Number(speed.value) }) },
    ...SPEEDS.map((s) => make("option", { value: s }, `${s}×`)),
  );
  const scrub = make("input", {
    type: "range", min: 0, max: state.last, step: 1, "aria-label": `Frame (${spec.t})`,
    oninput: () => act({ type: "seek", position: Number(scrub.value) }),
  });
  const time = make("output", { class: "iso-time" });
  const words = make("p", { class: "iso-words", "aria-live": "polite" });
  const root = make(
    "div",
    { class: "iso-view iso-player", role: "group", "aria-label": spec.title, tabindex: 0 },
    make("p", { class: "iso-title" }, spec.title),
    canvas,
    make("div", { class: "iso-scrub" }, scrub, time),
    make(
      "div",
      { class: "iso-bar" },
      button("first", "First frame", "Home", { type: "first" }, icon("first")),
      button("back", "Step back", "←", { type: "back" }, icon("back")),
      play,
      button("forward", "Step forward", "→", { type: "forward" }, icon("forward")),
      button("last", "Last frame", "End", { type: "last" }, icon("last")),
      make("label", {}, "Speed", speed),
      make("span", { class: "iso-gap" }),
      make("span", {}, "Zoom"), zoomOut, whole, zoomIn,
    ),
    words,
    ...(spec.takeaway ? [make("p", { class: "iso-takeaway" }, spec.takeaway)] : []),
  );
  el.replaceChildren(root);

  let places = [];
  function draw() {
    const width = canvas.clientWidth;
    if (!width) return; // hidden: drawn when it is seen
    const plan = layout(spec.panels, width);
    places = plan.places;
    canvas.style.height = `${plan.height}px`;
    const ctx = prepare(canvas, width, plan.height);
    const glide = spec.tween && !calm.matches;
    const colours = theme(root);
    const position = glide ? state.position : frameAt(state);
    spec.panels.forEach((panel, k) => drawPanel(ctx, panel, places[k], state, position, colours));
  }

  // Everything the state shows in, and the next tick while it plays.
  let before = null; // when the last tick was
  let waiting = 0; // the tick asked for, if any
  let told = null;
  function show() {
    const k = frameAt(state);
    const reading = `${spec.t} = ${Number(spec.times[k].toPrecision(6))}`;
    if (time.textContent !== reading) time.textContent = reading;
    scrub.value = k;
    scrub.setAttribute("aria-valuetext", `${reading}, ${spec.frames[k]}`);
    // While it plays, only the end is announced; each step of the reader's own is.
    words.setAttribute("aria-live", state.playing ? "off" : "polite");
    if (told !== k) words.textContent = spec.descriptions[k];
    told = k;
    if (play.dataset.playing !== String(state.playing)) {
      play.dataset.playing = state.playing;
      play.replaceChildren(icon(state.playing ? "pause" : "play"));
      play.setAttribute("aria-label", state.playing ? "Pause" : "Play");
      play.title = state.playing ? "Pause (space)" : "Play (space)";
    }
    speed.value = state.speed;
    whole.textContent = `${Number(state.zoom.toFixed(1))}×`;
    whole.setAttribute("aria-label", `Reset zoom, now ${Number(state.zoom.toFixed(1))}×`);
    root.dataset.frame = k;
    draw();
    if (!state.playing) before = null;
    else if (!waiting) waiting = requestAnimationFrame(tick);
  }
  function tick(now) {
    waiting = 0;
    if (!root.isConnected) state = reduce(state, { type: "pause" });
    const passed = before === null ? 0 : (now - before) / 1000;
    before = now;
    state = reduce(state, { type: "tick", frames: passed / spec.seconds });
    show();
  }

  root.addEventListener("keydown", (event) => {
    const action = keyAction(event, kindOf(event.target));
    if (!action) return;
    event.preventDefault();
    act(action);
  });
  ownKeys(root);

  // The panel under the pointer, and where in its axes, in 0 … 1 of the whole axis.
  function pointed(event) {
    const box = canvas.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    const k = places.findIndex((p) => px >= p.left && px <= p.left + p.width && py >= p.top && py <= p.top + p.height);
    if (k < 0) return null;
    const plot = plotOf(spec.panels[k], places[k]);
    const [u, v] = [(px - plot.left) / plot.width, 1 - (py - plot.top) / plot.height];
    return { plot, x: state.x + (u - 0.5) / state.zoom, y: state.y + (v - 0.5) / state.zoom };
  }
  const wheel = (event) => {
    const place = event.ctrlKey || event.metaKey ? pointed(event) : null;
    if (!place) return;
    event.preventDefault();
    act({ type: "zoom", factor: Math.exp(-clamp(event.deltaY, -120, 120) / 300), x: place.x, y: place.y });
  };
  canvas.addEventListener("wheel", wheel, { passive: false });
  let grip = null;
  canvas.addEventListener("pointerdown", (event) => {
    const place = pointed(event);
    if (state.zoom === 1 || !place) return;
    grip = { x: event.clientX, y: event.clientY, plot: place.plot };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!grip) return;
    const [dx, dy] = [(grip.x - event.clientX) / grip.plot.width, (event.clientY - grip.y) / grip.plot.height];
    Object.assign(grip, { x: event.clientX, y: event.clientY });
    act({ type: "pan", x: dx, y: dy });
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => (grip = null));

  const sizes = new ResizeObserver(() => draw());
  sizes.observe(canvas.parentElement);
  const stopTheme = onTheme(draw);
  calm.addEventListener("change", draw);
  show();
  return () => {
    state = reduce(state, { type: "pause" });
    sizes.disconnect();
    stopTheme();
    calm.removeEventListener("change", draw);
  };
}

export default { render };
