/** The columns of a keyring that change when a key is rewrapped or shredded; no other does. */
export const changeable: readonly string[] = ['wrapped', 'master_version', 'shredded_at'];
