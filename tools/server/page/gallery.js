// The strip of this visitor's pictures, the newest first.

const gallery = {
  pictures: new Map(),  // id -> {picture, element}

  start(show) {
    gallery.show = show;
    $("more").onclick = () => gallery.load(gallery.by_age().pop().id);
  },

  async load(before) {
    const { pictures, more } = await server.gallery(before);
    for (const picture of pictures) gallery.put(picture, false);
    $("more").hidden = !more;
  },

  put(picture, newest = true) {
    if (gallery.pictures.has(picture.id)) return;
    const name = picture.yent_words || picture.prompt;
    const button = make("button", { type: "button", class: "bare", title: name, onclick: () => gallery.show(picture) },
      make("img", { src: `${picture.url}/thumb`, alt: name, loading: "lazy", width: 64, height: 64 }));
    const element = make("li", {}, button);
    gallery.pictures.set(picture.id, { picture, element, button });
    if (newest) $("strip").prepend(element);
    else $("strip").append(element);
    $("gallery").hidden = false;
  },

  // The newest first.
  by_age: () => [...gallery.pictures.values()].map(({ picture }) => picture).sort((a, b) => b.created - a.created),

  drop(id) {
    gallery.pictures.get(id)?.element.remove();
    gallery.pictures.delete(id);
    $("gallery").hidden = gallery.pictures.size === 0;
  },

  clear() {
    for (const id of [...gallery.pictures.keys()]) gallery.drop(id);
  },

  mark(picture) {
    for (const { picture: other, button } of gallery.pictures.values()) {
      if (picture && other.id === picture.id) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  },
};
