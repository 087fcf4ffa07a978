// A figure that changed under the reader's eyes is marked for a moment; nothing moves.

import type { Directive } from 'vue'

export const flash: Directive<HTMLElement, string | number | null | undefined> = {
  updated(element, { value, oldValue }) {
    if (value === oldValue || oldValue === undefined) return
    element.classList.remove('flash')
    // A style that is read ends the old animation, so that the new one begins.
    void element.offsetWidth
    element.classList.add('flash')
  },
}
