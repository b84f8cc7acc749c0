export type { RoleChange, Roles } from '../contract/roles.js';
export { defaultRoles, rolesFrom } from './names.js';
export {
  applyRoles,
  checkRoles,
  grantRights,
  grantWhereRolesAre,
  planRights,
  prepareRoles,
  rolesSql,
} from './roles.js';
export { wantedRights } from './wanted.js';
