// Changing a pipeline. Only what differs is sent.
import { go } from "../../lib/address.js";
import { put } from "../../lib/api.js";
import { html } from "../../lib/html.js";
import { useAll } from "../../lib/load.js";
import { pipelineFields, pipelineValue } from "../../lib/pipeline-fields.js";
import { Form } from "../../ui/form.js";
import { say } from "../../ui/notice.js";
import { Loaded, Section } from "../../ui/page.js";

export function EditPipeline({ pipeline, reload }) {
  const pipelines = useAll("/api/pipelines");
  const destinations = useAll("/api/destinations");
  const base = `/console/pipelines/${pipeline.id}`;
  function saved() {
    say("Saved");
    reload();
    go(base);
  }
  return html`<${Section} title="Edit">
    <${Loaded} found=${pipelines}>
      ${(others) => html`<${Loaded} found=${destinations}>
        ${(places) => html`<${Form}
          label="Edit the pipeline"
          fields=${pipelineFields({ stored: pipeline, others: others.filter((one) => one.id !== pipeline.id), destinations: places })}
          value=${pipelineValue(pipeline)}
          partial
          submit="Save"
          send=${(body) => put(`/api/pipelines/${pipeline.id}`, body)}
          done=${saved}
          cancel=${() => go(base)}
        />`}
      </${Loaded}>`}
    </${Loaded}>
  </${Section}>`;
}
