// A line of text with its label. Enter submits.
const LINE = "display:flex;flex-wrap:wrap;align-items:center;gap:.2em .6em;font:13px/1.5 var(--jp-ui-font-family,system-ui,sans-serif);" +
  "color:var(--jp-ui-font-color1,inherit);margin:2px";
const INPUT = "box-sizing:border-box;width:min(26em,95%);height:2.2em;padding:0 .6em;font:inherit;border-radius:2px;" +
  "border:1px solid var(--jp-border-color0,#8a8a8a);background:var(--jp-layout-color0,Field);color:var(--jp-ui-font-color0,FieldText)";

function render({ model, el }) {
  const line = document.createElement("label");
  line.style.cssText = LINE;
  const name = document.createElement("span");
  const input = document.createElement("input");
  Object.assign(input, { type: "text", autocomplete: "off", spellcheck: false });
  input.style.cssText = INPUT;
  line.append(name, input);
  el.replaceChildren(line);

  const tell = (event) => model.send({ event, value: input.value });
  const words = () => {
    name.textContent = model.get("label");
    input.placeholder = model.get("placeholder");
  };
  const heard = (message) => {
    if (message.do === "focus") input.focus();
    if (message.do === "clear") input.value = "";
  };

  input.addEventListener("change", () => tell("given"));
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    tell("submit");
  });
  model.on("change:label change:placeholder", words);
  model.on("msg:custom", heard);
  words();
  model.send({ event: "shown" });
  return () => {
    model.off("change:label change:placeholder", words);
    model.off("msg:custom", heard);
  };
}

export default { render };
