import type { System } from 'ashlar';

/** The systems that ship with Ashlar, loaded when one is asked for by name. */
export const shippedSystems: Readonly<Record<string, () => Promise<System>>> = {
  docuvault: async () => (await import('./docuvault/index.js')).docuvault,
  experts: async () => (await import('./experts/index.js')).experts,
  shipping: async () => (await import('./shipping/index.js')).shipping,
  sophia: async () => (await import('./sophia/index.js')).sophia,
  wills: async () => (await import('./wills/index.js')).wills,
};
