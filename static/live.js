// Brings the part of a page that is marked data-live up to date once a minute, by fetching the page again. It leaves the reader alone:
// while the tab is hidden, something in that part has the focus or is selected, or a detail is open, nothing moves. What the page
// promises in the name of this script (data-by-script) is shown by it.
(() => {
  "use strict";
  const every = 60_000;
  const part = () => document.querySelector("[data-live]");
  const promise = () => document.querySelectorAll("[data-by-script]").forEach((said) => { said.hidden = false; });

  function inUse() {
    const here = part();
    const selection = getSelection();
    return here.contains(document.activeElement) || here.querySelector("details[open]") !== null ||
      selection !== null && !selection.isCollapsed && here.contains(selection.anchorNode);
  }

  async function refresh() {
    if (document.hidden || inUse()) return;
    try {
      const reply = await fetch(location.pathname + location.search, { redirect: "error" });
      if (!reply.ok) return;
      const page = new DOMParser().parseFromString(await reply.text(), "text/html");
      const fresh = page.querySelector("[data-live]");
      if (fresh !== null && !inUse()) {
        part().replaceWith(document.adoptNode(fresh));
        promise();
      }
    } catch {
      // Without a network the page stays as it is, and says of when it is.
    }
  }

  if (part() === null) return;
  promise();
  setInterval(refresh, every);
  document.addEventListener("visibilitychange", refresh);
})();
