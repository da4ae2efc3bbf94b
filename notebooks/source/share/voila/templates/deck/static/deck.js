/* What a deck does besides Reveal's own: formulas, presets on the keys 1 to 9, controls that keep
   their keys only while they have the focus, a list of the keys in the deck's language, and labs
   that become pictures when the kernel dies. */
(() => {
    const delimiters = [{left: "$$", right: "$$", display: true},
                        {left: "$", right: "$", display: false}];
    document.querySelectorAll(".slide").forEach(slide => {
        for (const part of slide.children)      // the speaker's window has no styles of ours
            renderMathInElement(part, {delimiters, ignoredClasses: ["twin", "live"],
                                       output: part.matches(".notes") ? "mathml" : "html"});
        const keys = [...slide.querySelectorAll(".twin .preset")].map(key => key.textContent);
        slide.querySelector(".notes")?.insertAdjacentHTML("beforeend",
            keys.length ? `<p><b>${keys.join("<br>")}</b></p>` : "");
        slide.querySelectorAll(".twin").forEach(twin => show(twin, "0"));
        reserve(slide);
    });

    // The longest sentence of a lab's presets has room from the start: the picture stays in place.
    function reserve(slide) {
        const measure = document.createElement("div");
        measure.className = "measure";
        document.querySelector(".reveal").append(measure);
        const heights = [...slide.querySelectorAll(".twin figcaption")].map(caption => {
            measure.innerHTML = caption.innerHTML;
            return Math.ceil(measure.getBoundingClientRect().height);
        });
        measure.remove();
        if (heights.length) slide.style.setProperty("--summary", `${Math.max(...heights)}px`);
    }

    function show(twin, key) {
        if (twin.querySelector(`figure[data-key="${key}"]`))
            twin.querySelectorAll("[data-key]").forEach(
                part => part.classList.toggle("pressed", part.dataset.key === key));
    }

    function press(key) {                       // a key without a modifier: preset 1 to 9, 0 is 10
        const slide = Reveal.getCurrentSlide(), number = key === "0" ? "10" : key;
        slide?.querySelectorAll(".twin").forEach(twin => show(twin, number));
        if (!document.body.matches(".dead"))
            slide?.querySelectorAll(".lab .keys button")[number - 1]?.click();
        if (/receiver/.test(location.search))   // the speaker's window passes it on
            try { parent.opener?.press?.(key); } catch { /* a file may not */ }
    }
    window.press = press;

    document.addEventListener("click", event => {
        const key = event.target.closest(".twin .preset"), lab = event.target.closest(".lab");
        if (key) show(key.closest(".twin"), key.dataset.key);
        lab?.querySelectorAll(".preset").forEach(
            preset => preset.classList.toggle("pressed", preset === event.target.closest("button")));
    });

    // A remote control sends page up and down: they always turn the slides, or end the black screen.
    // A control has the keys that it understands while it has the focus, the deck has the others;
    // it loses the focus when the mouse lets go of it, at Enter and at Escape.
    const help = document.getElementById("help");
    const control = () => document.activeElement?.closest(".lab, .twin") && document.activeElement;
    const kept = ({key}) => control() && (
        control().matches(".noUi-handle") ? /^(Arrow|Home|End)/.test(key)
            : control().matches("button") ? /^( |Enter)$/.test(key) : true);
    document.addEventListener("keydown", event => {
        const {key} = event, stop = () => { event.preventDefault(); event.stopPropagation(); };
        if (key === "PageDown" || key === "PageUp") {
            stop();
            if (Reveal.isPaused()) Reveal.togglePause(false);
            else Reveal[key === "PageDown" ? "next" : "prev"]();
        } else if (key === "F1" || key === "?" && !kept(event)) {
            stop();
            help.hidden = !help.hidden;
        } else if (key === "Escape" && !help.hidden) {
            stop();
            help.hidden = true;
        } else if (control() && (key === "Escape" || key === "Enter" && !control().matches("button"))) {
            control().blur();
            if (key === "Escape") event.stopPropagation();
        }
    }, true);
    help.addEventListener("click", () => { help.hidden = true; });
    const typed = "select, input:not([type=checkbox])";
    document.addEventListener("pointerup", () => {
        if (control() && !control().matches(typed)) control().blur();
    }, true);
    document.addEventListener("click", event => {           // a click on its name ticks a box, too
        if (event.detail && control() && !control().matches(typed)) setTimeout(() => control()?.blur());
    });
    for (const kind of ["pointerdown", "keydown", "input"])     // what is set by hand is no preset
        document.addEventListener(kind, event => {
            if (event.target.closest(".settings") && (kind !== "keydown" || kept(event)))
                event.target.closest(".lab").querySelectorAll(".pressed").forEach(
                    preset => preset.classList.remove("pressed"));
        }, true);
    document.addEventListener("change", event => event.target.matches("select")
                              && event.target.blur());
    document.addEventListener("pointerdown", event =>       // to drag a slider is not to swipe
        event.target.closest(".settings")?.setAttribute("data-prevent-swipe", ""), true);

    // Reveal writes the speaker's window in English, and the time with AM and PM.
    const words = JSON.parse(document.getElementById("speaker").textContent), {open} = window;
    window.open = (...where) => {
        const opened = open.apply(window, where), {lang} = document.documentElement;
        if (opened && where[1] === "reveal.js - Notes" && lang !== "en") setTimeout(() => {
            const speak = () => {
                const texts = opened.document.createTreeWalker(opened.document.body,
                                                               NodeFilter.SHOW_TEXT);
                while (texts.nextNode())
                    if (!texts.currentNode.parentElement.closest("script, .value")) {
                        const {data} = texts.currentNode;
                        const said = data.replace(/[^:\s][^:]*[^:\s]/g, word => words[word] ?? word);
                        if (said !== data) texts.currentNode.data = said;
                    }
            };
            opened.document.documentElement.lang = lang;
            opened.Date.prototype.toLocaleTimeString = function () {
                return new Intl.DateTimeFormat(lang, {timeStyle: "short"}).format(this);
            };
            speak();
            new opened.MutationObserver(speak).observe(opened.document.body,
                                                       {childList: true, subtree: true});
        });
        return opened;
    };

    const settings = {
        width: 1280, height: 720, margin: 0, minScale: 0.1, maxScale: 8, center: false,
        hash: true, controls: false, progress: true, transition: "none", slideNumber: false,
        scrollActivationWidth: null, pdfSeparateFragments: false, defaultTiming: 120, plugins: [RevealNotes],
        url: document.body.dataset.preview && new URL(document.body.dataset.preview, location).href,
        help: false, keyboardCondition: event => !kept(event),
    };
    const start = () => Reveal.initialize(settings).then(() => {
        for (const key of "1234567890")
            for (const keyCode of [48 + Number(key), 96 + Number(key)])     // the block of digits
                Reveal.addKeyBinding(keyCode, () => press(key));
        Reveal.on("slidechanged", () => { help.hidden = true; });
        document.body.dataset.ready = "yes";
    });
    if (!document.body.dataset.voila) return start();

    // With a kernel: Voilà moves the slides into its own page first.
    document.body.insertAdjacentHTML("beforeend", `<div id="dead">R ⟳</div>`);
    const late = setInterval(() => {
        if (!window.jupyterapp?.widgetManager) return;
        clearInterval(late);
        const {kernel} = jupyterapp.widgetManager;
        let lost;
        const die = () => document.body.classList.add("dead");
        kernel.statusChanged.connect((_, status) =>
            ["autorestarting", "restarting", "terminating", "dead"].includes(status) && die());
        kernel.connectionStatusChanged.connect((_, status) => {
            clearTimeout(lost);
            if (status !== "connected") lost = setTimeout(die, 3000);
        });
        document.getElementById("loading")?.remove();
        start();
    }, 50);
    addEventListener("keydown", event => event.key === "r" && !control()
                     && document.body.matches(".dead") && location.reload());
})();
