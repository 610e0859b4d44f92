"use strict";
// A grid of buttons is one stop of the Tab key; arrows, Home and End move in it. Answers what is to be called when cells
// were hidden or shown.
function grid(whole, selector) {
  const cells = () => [...whole.querySelectorAll(selector)].filter((cell) => cell.checkVisibility());
  let stop;
  const stopAt = (cell) => {
    if (stop) stop.tabIndex = -1;
    stop = cell;
    if (stop) stop.tabIndex = 0;
  };
  const nearest = (from, isBeyond) => {
    const { top, left } = from.getBoundingClientRect();
    const far = (cell) => {
      const place = cell.getBoundingClientRect();
      return isBeyond(place.top, top) ? Math.abs(place.top - top) * 1e4 + Math.abs(place.left - left) : Infinity;
    };
    const [, cell] = cells().map((cell) => [far(cell), cell]).reduce((one, other) => (other[0] < one[0] ? other : one));
    return far(cell) < Infinity ? cell : undefined;
  };
  const next = {
    ArrowLeft: (all, at) => all[at - 1],
    ArrowRight: (all, at) => all[at + 1],
    ArrowUp: (all, at) => nearest(all[at], (place, top) => place < top),
    ArrowDown: (all, at) => nearest(all[at], (place, top) => place > top),
    Home: (all) => all[0],
    End: (all) => all[all.length - 1],
  };
  whole.addEventListener("focusin", (event) => {
    if (event.target.matches(selector)) stopAt(event.target);
  });
  whole.addEventListener("keydown", (event) => {
    const move = event.target.matches(selector) && next[event.key];
    if (!move) return;
    event.preventDefault();
    const all = cells();
    move(all, all.indexOf(event.target))?.focus();
  });
  const renew = () => {
    if (!stop?.checkVisibility()) stopAt(cells()[0]);
  };
  renew();
  return renew;
}
