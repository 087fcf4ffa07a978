// Whether the page is as narrow as a phone.

import { ref } from 'vue'

const narrow = matchMedia('(max-width: 700px)')
export const isNarrow = ref(narrow.matches)
narrow.addEventListener('change', (change) => (isNarrow.value = change.matches))
