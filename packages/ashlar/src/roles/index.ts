export type { RoleChange, Roles } from '../contract/roles.js';
export { defaultRoles, rolesFrom } from './names.js';
export { applyRoles, checkRoles, rolesSql } from './roles.js';
