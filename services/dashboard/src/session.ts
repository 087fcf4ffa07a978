// Who is signed in, where the service asks.

import { computed, ref, shallowRef } from 'vue'
import { ask, mustSignIn, Problem, type Action, type Session } from './api'
import { takeNews } from './live'

export const session = shallowRef<Session>()
/** Whether the service has said who is signed in, or could not: pages drawn before would be drawn anew under somebody's hands. */
export const isAsked = ref(false)

/** Whether this caller may do something; a service without accounts lets everybody. */
export function may(action: Action): boolean {
  return session.value === undefined || session.value.may.includes(action)
}

/** Whether pages have been shown to somebody: what is typed in them stays when the session ends. */
export const isAdmitted = computed(
  () => session.value !== undefined && !session.value.must_change_password && (session.value.authentication === 'none' || Boolean(session.value.name)),
)
export const canHandle = computed(() => may('handle_warnings'))
export const canAnswer = computed(() => may('answer_warnings'))
export const canPost = computed(() => may('record_facts'))

export async function loadSession(): Promise<void> {
  isAsked.value = false
  try {
    session.value = await ask<Session>('/v1/session')
    mustSignIn.value = session.value.must_change_password
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    session.value = undefined
  } finally {
    isAsked.value = true
  }
}

export async function signIn(name: string, password: string): Promise<void> {
  session.value = await ask<Session>('/v1/session', { method: 'POST', body: { name, password } })
  admitted()
}

export async function changePassword(password: string, newPassword: string): Promise<void> {
  session.value = await ask<Session>('/v1/session/password', {
    method: 'POST',
    body: { password, new_password: newPassword },
  })
  admitted()
}

export async function signOut(): Promise<void> {
  await ask('/v1/session', { method: 'DELETE' })
  session.value = undefined
  await loadSession()
  takeNews()
}

function admitted(): void {
  mustSignIn.value = session.value?.must_change_password ?? false
  if (!mustSignIn.value) takeNews()
}
