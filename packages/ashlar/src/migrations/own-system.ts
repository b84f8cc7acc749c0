/** The reserved name of a system under which the history records the versions of Ashlar's own objects. */
export const ownSystem = 'ashlar';
