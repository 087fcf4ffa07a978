import { createApp } from 'vue'
import 'element-plus/theme-chalk/dark/css-vars.css'
import 'element-plus/es/components/base/style/css'
import './style.css'
import App from './App.vue'
import { flash } from './flash'
import { router } from './router'
import { loadSession } from './session'

// Links made by hand may leave the moment out; within the dashboard it stays until it is set anew.
router.beforeEach((to, from) => {
  if (to.path === from.path) return true
  const kept = Object.fromEntries(
    ['as_of', 'known_at'].filter((name) => from.query[name] && !(name in to.query)).map((name) => [name, from.query[name]]),
  )
  return Object.keys(kept).length ? { ...to, query: { ...to.query, ...kept } } : true
})

void loadSession()
createApp(App).use(router).directive('flash', flash).mount('#app')
