// Small help for the pages of the office; every page works without it.
(() => {
  "use strict";

  // On a narrow screen the row of tabs scrolls: the open one is brought to its middle.
  for (const open of document.querySelectorAll(".tabs a[aria-current], .places a[aria-current]")) {
    const row = open.closest("ul");
    row.scrollLeft += open.getBoundingClientRect().left - row.getBoundingClientRect().left - (row.clientWidth - open.offsetWidth) / 2;
  }

  // A picture as PNG: the page's own SVG is drawn on a canvas, at twice its size so that it is sharp on paper.
  const scale = 2;

  async function png(address) {
    const picture = new Image();
    picture.src = address;
    await picture.decode();
    const canvas = document.createElement("canvas");
    canvas.width = picture.naturalWidth * scale;
    canvas.height = picture.naturalHeight * scale;
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    return new Promise((resolve, reject) => {
      canvas.toBlob(blob => blob === null ? reject(new Error("no picture")) : resolve(blob), "image/png");
    });
  }

  for (const button of document.querySelectorAll("button[data-png]")) {
    button.parentElement.hidden = false;
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        const link = document.createElement("a");
        link.href = URL.createObjectURL(await png(button.dataset.png));
        link.download = button.dataset.name;
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      } catch {
        button.textContent = button.dataset.failed;
      }
      button.disabled = false;
    });
  }
})();
