"use strict";
// Follows the shop: asks for its revision, and loads the page again when it moved.
(function () {
  var body = document.body;
  var known = body.dataset.revision;
  if (known === undefined) { return; }
  function ask() {
    var busy = document.activeElement && document.activeElement.tagName === "INPUT";
    if (document.hidden || busy) { return; }
    fetch("/shop/pulse").then(function (answer) { return answer.json(); }).then(function (pulse) {
      if (String(pulse.revision) !== known) { location.reload(); }
    }).catch(function () { return undefined; });
  }
  setInterval(ask, 1000);
})();
