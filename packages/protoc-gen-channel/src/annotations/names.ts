/** `robot-arm` or `robot_arm` becomes `RobotArm`. */
export function toPascalCase(name: string): string {
  return name
    .split(/[-_]/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}

/** `robot-arm` becomes `robotArm`. */
export function toCamelCase(name: string): string {
  const pascal = toPascalCase(name);
  return pascal.charAt(0).toLowerCase() + pascal.slice(1);
}

/** What a generated file calls the function that makes the keys of a message. */
export function keyFunctionOf(messageName: string): string {
  return `keyOf${messageName}`;
}

/** Whether TypeScript takes it as a name without quotes. */
export function isIdentifier(name: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(name);
}
