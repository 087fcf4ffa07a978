import { createRouter, createWebHistory } from 'vue-router'

export const router = createRouter({
  history: createWebHistory(),
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? false : { top: 0 }),
  routes: [
    { path: '/', name: 'overview', component: () => import('./views/OverviewPage.vue') },
    { path: '/projects', name: 'projects', component: () => import('./views/ProjectsPage.vue') },
    { path: '/projects/:id', name: 'project', component: () => import('./views/ProjectPage.vue'), props: true },
    { path: '/funds', name: 'funds', component: () => import('./views/FundsPage.vue') },
    { path: '/units', name: 'units', component: () => import('./views/UnitsPage.vue') },
    { path: '/warnings', name: 'warnings', component: () => import('./views/WarningsPage.vue') },
    { path: '/warnings/:id', name: 'warning', component: () => import('./views/WarningPage.vue'), props: true },
    { path: '/rules', name: 'rules', component: () => import('./views/RulesPage.vue') },
    { path: '/rules/:id', name: 'rule', component: () => import('./views/RulePage.vue'), props: true },
    { path: '/post', name: 'post', component: () => import('./views/PostPage.vue') },
    { path: '/audit', name: 'audit', component: () => import('./views/AuditPage.vue') },
    { path: '/admin', name: 'admin', component: () => import('./views/AdminPage.vue') },
    { path: '/difference', name: 'difference', component: () => import('./views/DifferencePage.vue') },
    { path: '/:unknown(.*)*', name: 'unknown', component: () => import('./views/UnknownPage.vue') },
  ],
})
