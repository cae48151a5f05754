"use strict";
(() => {
  const all = (what, within = document) => [...within.querySelectorAll(what)];
  const say = (text) => { document.getElementById("said").textContent = text; };

  // tips: what a mark says when it is pointed at or has the focus
  const tip = document.getElementById("tip");
  for (const mark of all("g.tip")) {
    const title = mark.querySelector("title");
    if (title) { mark.dataset.tip = title.textContent; title.remove(); }
  }
  const show = (mark) => {
    tip.textContent = mark.dataset.tip;
    const shot = mark.dataset.row && document.querySelector(`.shot[data-row="${mark.dataset.row}"] img`);
    if (shot) { const picture = new Image(); picture.src = shot.src; picture.alt = ""; tip.prepend(picture); }
    tip.hidden = false;
    const box = mark.getBoundingClientRect(), own = tip.getBoundingClientRect();
    const left = Math.min(Math.max(8, box.left + box.width / 2 - own.width / 2), innerWidth - own.width - 8);
    const above = box.top - own.height - 8;
    tip.style.left = `${left}px`;
    tip.style.top = `${above > 8 ? above : box.bottom + 8}px`;
  };
  const hide = () => { tip.hidden = true; };
  for (const [on, off] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
    document.addEventListener(on, (event) => {
      const mark = event.target.closest && event.target.closest("[data-tip]");
      if (mark) show(mark);
    });
    // A finger that lifts leaves the sign that it pointed at: what it told stays until the next touch.
    document.addEventListener(off, (event) => { if (event.pointerType !== "touch") hide(); });
  }
  document.addEventListener("pointerdown", (event) => { if (!event.target.closest("[data-tip]")) hide(); });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  addEventListener("scroll", hide, { passive: true });

  // tables that sort; numbers begin with the largest
  const fold = (table) => {
    if (!table.classList.contains("long-table")) return;
    const first = Number(table.dataset.first), rows = all("tbody tr", table);
    rows.forEach((row, at) => { row.hidden = !table.classList.contains("whole") && at >= first; });
  };
  for (const table of all("table.sortable")) {
    const heads = all("thead th", table);
    heads.forEach((head, column) => {
      const button = head.querySelector(".sort");
      if (!button) return;
      button.addEventListener("click", () => {
        const number = button.dataset.kind === "number";
        const before = head.getAttribute("aria-sort");
        const down = before ? before === "ascending" : number;
        const value = (row) => row.children[column].dataset.value ?? row.children[column].textContent;
        const rows = all("tbody tr", table);
        rows.sort((a, b) => {
          const [x, y] = [value(a), value(b)];
          if (number && (x === "" || y === "")) return (x === "") - (y === "");
          return (number ? x - y : x.localeCompare(y)) * (down ? -1 : 1);
        });
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        table.tBodies[0].append(...rows);
        fold(table);
        say(`sorted by ${button.textContent}, ${down ? "descending" : "ascending"}`);
      });
    });
    if (table.classList.contains("long-table")) {
      const more = document.createElement("button");
      more.type = "button"; more.className = "plain more-rows";
      const label = () => { more.textContent = table.classList.contains("whole") ? "show fewer" : `show all ${table.tBodies[0].rows.length}`; };
      more.addEventListener("click", () => { table.classList.toggle("whole"); fold(table); label(); });
      label(); fold(table);
      (table.closest(".scroll") || table).after(more);
    }
  }

  for (const button of all(".copy")) {
    button.addEventListener("click", async () => {
      const code = button.closest(".command").querySelector("code");
      try { await navigator.clipboard.writeText(code.textContent); button.textContent = "copied"; say("copied"); }
      catch { getSelection().selectAllChildren(code); button.textContent = "marked"; say("marked, to be copied by hand"); }
      setTimeout(() => { button.textContent = "copy"; }, 1600);
    });
  }

  // the pictures: right, wrong, of one class
  const filters = document.querySelector(".filters");
  if (filters) {
    const shots = all("#all-shots .shot"), count = filters.querySelector(".count"), chosen = filters.querySelector(".by-class");
    let which = "all";
    const apply = () => {
      let left = 0;
      for (const shot of shots) {
        const kind = which === "all" || (which === "right") === (shot.dataset.right === "1");
        const mine = !chosen.value || shot.dataset.truth === chosen.value || shot.dataset.answer === chosen.value;
        shot.hidden = !(kind && mine);
        left += kind && mine;
      }
      count.textContent = `${left} shown`;
    };
    for (const button of all("button", filters)) {
      button.addEventListener("click", () => {
        which = button.dataset.show;
        all("button", filters).forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
        apply();
      });
    }
    chosen.addEventListener("change", apply);
  }

  // a matrix of many classes: by pointer and by name
  const held = document.getElementById("matrix-data");
  if (held) {
    const { names, cells } = JSON.parse(held.textContent);
    const matrix = document.querySelector(".matrix"), order = matrix.dataset.order.split(" ").map(Number);
    const cross = matrix.querySelector(".cross"), picked = document.getElementById("picked"), pick = document.getElementById("pick");
    const place = new Map(order.map((name, at) => [name, at])), side = order.length;
    const isolated = (name) => `\u2068${name}\u2069`;
    const listed = (found, which) => found.sort((a, b) => b[2] - a[2]).slice(0, 6).map((cell) => `${isolated(names[cell[which]])} ${cell[2]}`).join(", ") || "none";
    const tell = (label) => {
      const row = cells.filter((cell) => cell[0] === label), total = row.reduce((sum, cell) => sum + cell[2], 0);
      const right = row.find((cell) => cell[1] === label)?.[2] ?? 0;
      const taken = listed(row.filter((cell) => cell[1] !== label), 1);
      const mistaken = listed(cells.filter((cell) => cell[1] === label && cell[0] !== label), 0);
      picked.textContent = `${isolated(names[label])}: ${right} of ${total} found. Mistaken for: ${taken}. Others mistaken for it: ${mistaken}.`;
      const at = place.get(label);
      cross.setAttribute("d", `M0 ${at}h${side}v1h${-side}zM${at} 0v${side}h1v${-side}z`);
    };
    pick.addEventListener("input", () => { const at = names.indexOf(pick.value); if (at >= 0) tell(at); });
    pick.addEventListener("change", () => {
      const typed = pick.value.trim().toLowerCase(), exact = names.indexOf(pick.value);
      const at = exact >= 0 || !typed ? exact : names.findIndex((name) => name.toLowerCase().includes(typed));
      if (at >= 0) tell(at);
      else if (typed) picked.textContent = `No class has ${isolated(pick.value)} in its name.`;
    });
    const under = (event) => {
      const box = matrix.getBoundingClientRect(), unit = box.width / (side + 2);
      const [column, row] = [(event.clientX - box.left) / unit - 1, (event.clientY - box.top) / unit - 1].map(Math.floor);
      return column >= 0 && row >= 0 && column < side && row < side ? [order[row], order[column]] : null;
    };
    matrix.addEventListener("pointermove", (event) => {
      const found = under(event);
      if (!found) { hide(); return; }
      const count = cells.find((cell) => cell[0] === found[0] && cell[1] === found[1])?.[2] ?? 0;
      tip.textContent = `${isolated(names[found[0]])} answered as ${isolated(names[found[1]])}: ${count}`;
      tip.hidden = false;
      tip.style.left = `${Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8)}px`;
      tip.style.top = `${event.clientY + 16}px`;
    });
    matrix.addEventListener("pointerleave", hide);
    matrix.addEventListener("click", (event) => { const found = under(event); if (found) { pick.value = names[found[0]]; tell(found[0]); } });
  }

  const mapped = document.getElementById("map-class");
  if (mapped) {
    mapped.addEventListener("change", () => {
      for (const mark of all(".map g.tip")) mark.classList.toggle("faded", Boolean(mapped.value) && mark.dataset.class !== mapped.value);
    });
  }

  // where the reader is, and paper
  const links = new Map(all(".contents a").map((link) => [link.hash.slice(1), link]));
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) {
      links.forEach((link, id) => { link.classList.toggle("here", id === entry.target.id); if (id === entry.target.id) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current"); });
    }
  }, { rootMargin: "-20% 0px -70% 0px" });
  all("section[id]").forEach((section) => watch.observe(section));
})();
