import type { Schema } from "@bufbuild/protoplugin";
import { type ContractMethod, readContract } from "./contract.ts";

/** Writes `rpcs.md`: a table of every RPC per service, for people. */
export function emitReference(schema: Schema): void {
  const contract = readContract(schema);
  const count = contract.reduce((sum, service) => sum + service.methods.length, 0);
  const file = schema.generateFile("rpcs.md");
  file.print("<!-- Generated from proto/resonite_io/v1 by `npm run generate`. Do not edit. -->");
  file.print();
  file.print("# Every RPC of the mod");
  file.print();
  file.print(
    `${contract.length} services, ${count} RPCs. The comments in \`proto/resonite_io/v1/\` say everything about each`,
  );
  file.print("of them: units, defaults, how long it may wait, and every status code that it can fail with.");
  file.print();
  file.print(
    "Access is what a caller must be allowed to do: **observe** reads; **control** acts as the user in the running game;",
  );
  file.print(
    "**write** changes the user's cloud data; **admin** moderates, changes settings, shuts down; **secret** carries credentials.",
  );
  for (const service of contract) {
    file.print();
    file.print("## ", service.descriptor.name);
    file.print();
    file.print(service.summary);
    file.print();
    file.print("| RPC | kind | access | request | response | what |");
    file.print("|---|---|---|---|---|---|");
    for (const method of service.methods) file.print(row(method));
  }
}

function row({ descriptor, access, summary }: ContractMethod): string {
  const cells = [
    `\`${descriptor.name}\``,
    descriptor.methodKind.replace("_", " "),
    access,
    `\`${descriptor.input.name}\``,
    `\`${descriptor.output.name}\``,
    summary.replaceAll("|", "\\|"),
  ];
  return `| ${cells.join(" | ")} |`;
}
