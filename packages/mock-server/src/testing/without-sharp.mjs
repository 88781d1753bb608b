// To be imported first, by a process in which sharp shall not be installed.
import { register } from "node:module";

const hook = `export const resolve = async (specifier, context, next) => {
  if (specifier === "sharp") throw Object.assign(new Error("Cannot find package 'sharp'"), { code: "ERR_MODULE_NOT_FOUND" });
  return next(specifier, context);
};`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
