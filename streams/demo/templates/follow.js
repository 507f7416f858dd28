// Shows what has changed, unless somebody is about to answer a question. Without scripts: reload the page.
setInterval(async () => {
  if (document.querySelector(":popover-open")) return;
  const known = document.body.dataset.version;
  const now = await fetch("/version").then((answer) => answer.text(), () => known);
  if (now !== known) location.reload();
}, 1000);
