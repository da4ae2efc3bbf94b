// What a page does by itself: formulas, and buttons of which each shows its part.
(() => {
    if (location.protocol === "file:")
        DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;      // a file may not read others
    const plural = Documentation.PLURAL_EXPR;       // of some languages it says true, not 1
    Documentation.PLURAL_EXPR = n => Number(plural(n));

    document.querySelectorAll(".math").forEach(one => {
        katex.render(one.textContent, one, {
            displayMode: one.localName === "div", throwOnError: false, strict: "ignore"});
        const after = one.nextSibling;
        if (after?.nodeType === Node.TEXT_NODE && /^[.,;:!?)]/.test(after.data))
            after.data = "\u2060" + after.data;        // no line begins with a full stop
    });

    function show(twin, key) {
        if (!twin.querySelector(`figure[data-key="${key}"]`)) return;
        twin.querySelectorAll("figure").forEach(part => { part.hidden = part.dataset.key !== key; });
        twin.querySelectorAll("button").forEach(
            button => button.setAttribute("aria-pressed", button.dataset.key === key));
    }

    document.querySelectorAll(".twin").forEach(twin => {
        twin.querySelectorAll("figcaption").forEach(said => said.setAttribute("aria-live", "polite"));
        twin.classList.add("live");
        show(twin, "0");
        twin.addEventListener("click", event => {
            const button = event.target.closest(".keys button");
            if (button) show(twin, button.dataset.key);
        });
        twin.addEventListener("keydown", event => {
            if (/^\d$/.test(event.key) && !event.ctrlKey && !event.altKey && !event.metaKey)
                show(twin, event.key);
        });
    });

    // What is wider than the page scrolls by itself, from the keyboard as well.
    document.querySelectorAll("article .katex-display, article table").forEach(wide => {
        const frame = document.createElement("div");
        frame.className = "wide";
        wide.replaceWith(frame);
        frame.append(wide);
    });
    const reach = () => document.querySelectorAll(".wide, article pre").forEach(
        one => one.scrollWidth > one.clientWidth ? one.setAttribute("tabindex", "0")
                                                 : one.removeAttribute("tabindex"));
    document.fonts.ready.then(reach);
    addEventListener("resize", reach);
    addEventListener("toggle", reach, true);
    reach();
})();
