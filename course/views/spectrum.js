// The spectrum explorer: native controls that ask the kernel, and a canvas that shows its latest answer.

const NAMES = {
  linear: "linear", tanh: "tanh", relu: "ReLU", sigmoid: "sigmoid",
  none: "none", batch: "BatchNorm", layer: "LayerNorm", rms: "RMSNorm",
};

// Which question is on its way, and which is to be asked next. At most one is on its way: while the reader slides,
// what lies between the last question and the newest is never asked.
export class Questions {
  constructor(send) {
    this.send = send;
    this.flying = null;
    this.next = null;
  }
  ask(question) {
    if (this.flying === null) this.#go(question);
    else this.next = question;
  }
  // True when `seq` answers the question on its way.
  answered(seq) {
    if (this.flying === null || this.flying.seq !== seq) return false;
    const next = this.next;
    this.flying = this.next = null;
    if (next) this.#go(next);
    return true;
  }
  #go(question) {
    this.flying = question;
    this.send(question);
  }
}

// Median of log σ at one depth; NaN where one of the two in the middle is unknown.
export const middle = (values, start, width) => 0.5 * (values[start + width / 2 - 1] + values[start + width / 2]);

// What is drawn for the first `depth` layers: lines against ℓ = 0 … depth, from all σ = 1 at ℓ = 0 (no layer yet).
export function lines(values, width, depth, resolution) {
  const ranks = Array.from({ length: width }, () => new Float32Array(depth + 1));
  const median = new Float32Array(depth + 1);
  const floor = new Float32Array(depth + 1).fill(resolution);
  let [low, high, unknown] = [0, 0, false];
  for (let l = 1; l <= depth; l += 1) {
    const start = (l - 1) * width;
    for (let k = 0; k < width; k += 1) {
      const v = values[start + k];
      ranks[k][l] = v;
      if (v < low) low = v;
      if (v > high) high = v;
    }
    median[l] = middle(values, start, width);
    floor[l] = values[start] + resolution;
    if (Number.isNaN(values[start + width - 1]) && Number.isFinite(floor[l])) {
      unknown = true;
      low = Math.min(low, floor[l] - 1);
    }
  }
  return { ranks, median, floor, low, high, unknown };
}

// Limits that do not tremble while the reader slides: whole steps, wider ones for wider spectra.
export function steady(low, high) {
  const span = high - low;
  const step = span < 4 ? 0.5 : span < 12 ? 1 : span < 40 ? 5 : 10;
  return [Math.floor(low / step - 0.05) * step, Math.ceil(high / step + 0.05) * step];
}

function hatching(ctx, colours) {
  const tile = make("canvas", { width: 8, height: 8 });
  const pen = tile.getContext("2d");
  pen.strokeStyle = colours.soft;
  pen.lineWidth = 1;
  pen.beginPath();
  for (const shift of [-8, 0, 8]) {
    pen.moveTo(shift - 1, 9);
    pen.lineTo(shift + 9, -1);
  }
  pen.stroke();
  return ctx.createPattern(tile, "repeat");
}

const stroke = (colour, width, dash) => (ctx) => {
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.setLineDash(DASHES[dash]);
};

function drawSpectrum(ctx, width, height, values, ranges, depth, colours) {
  const seen = lines(values, ranges.width, depth, ranges.resolution);
  const x = { label: "depth ℓ", lim: [0, depth] };
  const y = { label: "singular value σ of Jˡ … J¹", log: true, lim: steady(seen.low, seen.high) };
  const frame = frameOf({ left: 66, top: 34, width: width - 66 - 14, height: height - 34 - 44 }, x, y);
  drawAxes(ctx, frame, { title: "", x, y }, colours);
  const depths = Float32Array.from({ length: depth + 1 }, (_, l) => l);
  const styles = {
    largest: stroke(PALETTE[0], 2.6, "solid"),
    median: stroke(PALETTE[3], 2.6, "dashed"),
    smallest: stroke(PALETTE[2], 2.8, "dotted"),
    isometry: stroke(colours.ink, 1.2, "dashdot"),
  };
  ctx.save();
  clipTo(ctx, frame);
  if (seen.unknown) {
    // From the first depth at which a value is lost, everything below the floor.
    const lost = depths.filter((l) => l > 0 && Number.isNaN(seen.ranks[ranges.width - 1][l]));
    ctx.fillStyle = hatching(ctx, colours);
    ctx.beginPath();
    const first = lost[0];
    ctx.moveTo(frame.x(first - 0.5), frame.top + frame.height);
    for (let l = first; l <= depth; l += 1) {
      ctx.lineTo(frame.x(l === first ? l - 0.5 : l), frame.y(seen.floor[l]));
    }
    ctx.lineTo(frame.x(depth), frame.top + frame.height);
    ctx.closePath();
    ctx.fill();
  }
  ctx.globalAlpha = 0.45;
  stroke(colours.soft, 0.8, "solid")(ctx);
  ctx.beginPath();
  for (const rank of seen.ranks) trace(ctx, frame, depths, rank);
  ctx.stroke(); // one stroke for all: 64 would cost 64 times the canvas's overhead
  ctx.globalAlpha = 1;
  styles.isometry(ctx);
  drawLine(ctx, frame, [0, depth], [0, 0]);
  const shown = { largest: seen.ranks[0], median: seen.median, smallest: seen.ranks[ranges.width - 1] };
  for (const [name, line] of Object.entries(shown)) {
    styles[name](ctx);
    drawLine(ctx, frame, depths, line);
  }
  ctx.setLineDash([]);
  if (seen.unknown) {
    const text = "unknown: below what float64 resolves";
    ctx.font = `12px ${FONT}`;
    ctx.textAlign = "right";
    ctx.textBaseline = "bottom";
    const [right, bottom] = [frame.left + frame.width - 8, frame.top + frame.height - 8];
    const wide = ctx.measureText(text).width;
    ctx.fillStyle = colours.ground;
    ctx.fillRect(right - wide - 5, bottom - 17, wide + 10, 20);
    ctx.fillStyle = colours.ink;
    ctx.fillText(text, right, bottom);
  }
  ctx.restore();
  const swatch = (style) => (pen, left, middleY) => {
    style(pen);
    pen.beginPath();
    pen.moveTo(left, middleY);
    pen.lineTo(left + 23, middleY);
    pen.stroke();
  };
  const names = { largest: "largest σ", median: "median", smallest: "smallest", isometry: "σ = 1: isometry" };
  const entries = Object.entries(names).map(([name, label]) => ({ label, swatch: swatch(styles[name]) }));
  drawLegend(ctx, entries, frame.left, 16, frame.width, colours);
}

function render({ model, el }) {
  const ranges = model.get("ranges");
  const settings = { ...model.get("answer").settings };
  const view = Math.random().toString(36).slice(2); // two views of one explorer number their questions apart
  let count = 0;
  let values = floats(model.get("curves"));

  const slider = (name, label, step, show) => {
    const input = make("input", { type: "range", min: ranges[name][0], max: ranges[name][1], step, "data-setting": name });
    const reading = make("output");
    const set = (v) => {
      input.value = v;
      reading.textContent = show(v);
      input.setAttribute("aria-valuetext", `${label} ${show(v)}`);
    };
    input.addEventListener("input", (event) => change(name, Number(input.value), event));
    return { node: make("label", { class: "iso-wide" }, label, input, reading), set };
  };
  const choice = (name, label) => {
    const options = ranges[name].map((value) => make("option", { value }, NAMES[value] ?? value));
    const input = make("select", { "data-setting": name }, ...options);
    input.addEventListener("input", (event) => change(name, input.value, event));
    return { node: make("label", {}, label, input), set: (v) => (input.value = v) };
  };
  const tick = (name, label) => {
    const input = make("input", { type: "checkbox", "data-setting": name });
    input.addEventListener("input", (event) => change(name, input.checked, event));
    return { node: make("label", {}, input, label), set: (v) => (input.checked = v) };
  };
  const controls = {
    depth: slider("depth", "Depth L", 1, (v) => String(v)),
    sigma_w: slider("sigma_w", "Weight scale σ_w", 0.01, (v) => Number(v).toFixed(2)),
    phi: choice("phi", "Activation"),
    init: choice("init", "Weights"),
    norm: choice("norm", "Norm"),
    residual: tick("residual", "Residual: h + φ(Wh)"),
  };
  const another = make("button", { type: "button", title: "New random weights and input" }, "Another net");
  another.addEventListener("click", (event) => change("seed", settings.seed + 1, event));

  const canvas = make("canvas", { role: "img" });
  const words = make("p", { class: "iso-words", "aria-live": "polite" });
  const note = make("p", { class: "iso-words", role: "note", hidden: "" });
  const waiting = patience();
  const title = "Singular values of a net's Jacobian, layer by layer";
  const root = make(
    "div",
    { class: "iso-view iso-spectrum", role: "group", "aria-label": title },
    make("p", { class: "iso-title" }, title),
    make("div", { class: "iso-controls iso-bar" }, ...Object.values(controls).map((c) => c.node), another),
    canvas,
    waiting.note,
    words,
    note,
  );
  el.replaceChildren(root);
  ownKeys(root);

  const HEIGHT = 340;
  canvas.style.height = `${HEIGHT}px`;
  function draw() {
    const width = canvas.clientWidth;
    if (!width || !values.length) return;
    drawSpectrum(prepare(canvas, width, HEIGHT), width, HEIGHT, values, ranges, settings.depth, theme(root));
  }
  // Drawn at once, so that the next frame shows it; `then` is called in a task after that frame, when it is painted.
  const drawAndPaint = (then) => {
    draw();
    if (!then) return;
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = then;
      port2.postMessage(null);
    });
  };

  const questions = new Questions(({ seq, settings: asked }) => {
    waiting.begin();
    model.send({ seq, ...asked });
  });

  function change(name, value, event) {
    settings[name] = value;
    controls[name]?.set(value);
    count += 1;
    questions.ask({ seq: `${view}:${count}`, began: event.timeStamp, settings: { ...settings } });
    if (name === "depth") drawAndPaint(); // the first L layers are here already; the words come with the answer
  }

  function take() {
    const answer = model.get("answer");
    const question = questions.flying;
    values = floats(model.get("curves"));
    words.textContent = answer.words;
    note.textContent = ranges.notes[answer.settings.norm] ?? "";
    note.hidden = !note.textContent;
    canvas.setAttribute("aria-label", answer.alt);
    const mine = questions.answered(answer.seq);
    if (!mine || questions.flying === null) {
      // Nothing newer was asked: the controls show what is drawn. (Else they show where the reader already is.)
      if (questions.flying === null) {
        Object.assign(settings, answer.settings);
        for (const [name, control] of Object.entries(controls)) control.set(settings[name]);
      }
    }
    waiting.end();
    if (questions.flying !== null) waiting.begin();
    root.dataset.seq = answer.seq ?? "";
    drawAndPaint(mine && (() => {
      root.dataset.painted = answer.seq;
      performance.measure("isometry:redraw", { start: question.began, end: performance.now(), detail: { seq: answer.seq } });
    }));
  }

  model.on("change:answer", take);
  const sizes = new ResizeObserver(() => draw());
  sizes.observe(root);
  const stopTheme = onTheme(draw);
  take();
  return () => {
    waiting.end();
    model.off("change:answer", take);
    sizes.disconnect();
    stopTheme();
  };
}

export default { render };
