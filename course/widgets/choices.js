// One of several options: real radio buttons in one group, so that arrows choose; Enter submits.
function render({ model, el }) {
  const group = document.createElement("fieldset");
  group.style.cssText = "border:0;margin:0;padding:0;min-width:0;font:14px/1.7 var(--jp-ui-font-family,system-ui,sans-serif);" +
    "color:var(--jp-ui-font-color1,inherit)";
  const legend = document.createElement("legend");
  legend.style.cssText = "padding:0;opacity:.85;font-size:13px";
  const name = `iso-choice-${Math.random().toString(36).slice(2)}`;
  el.replaceChildren(group);

  const radios = () => [...group.querySelectorAll("input")];

  function build() {
    legend.textContent = model.get("label");
    group.replaceChildren(legend);
    for (const option of model.get("options")) {
      const line = document.createElement("label");
      line.style.cssText = "display:flex;gap:.5em;align-items:baseline;max-width:52em;cursor:pointer";
      const radio = document.createElement("input");
      Object.assign(radio, { type: "radio", name, value: option });
      const words = document.createElement("span");
      words.textContent = option;
      line.append(radio, words);
      group.append(line);
    }
  }

  group.addEventListener("change", (event) => model.send({ event: "given", value: event.target.value }));
  group.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    model.send({ event: "submit", value: radios().find((radio) => radio.checked)?.value ?? "" });
  });

  const heard = (message) => {
    if (message.do === "focus") (radios().find((radio) => radio.checked) ?? radios()[0])?.focus();
    if (message.do === "clear") for (const radio of radios()) radio.checked = false;
  };
  model.on("change:options", build);
  model.on("msg:custom", heard);
  build();
  model.send({ event: "shown" });
  return () => {
    model.off("change:options", build);
    model.off("msg:custom", heard);
  };
}

export default { render };
