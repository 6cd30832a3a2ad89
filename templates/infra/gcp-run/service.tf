# The service of Cloud Run itself is made by the first `llmops deploy`: without a release it could
# only run somebody else's image.

variable "service" {
  description = "Name of the service. Default: the project's."
  type        = string
  default     = null
}

variable "public" {
  description = "Whether anybody may call the service; the API asks for keys itself."
  type        = bool
  default     = true
}

locals {
  interfaces_of_kind = ["run.googleapis.com"]
  # Who may call a service is said by who may say that of all: a lesser role cannot open it.
  deploying = var.public ? "roles/run.admin" : "roles/run.developer"
  service   = coalesce(var.service, var.project)

  found = "monitored_resource=\"cloud_run_revision\",service_name=\"${local.service}\",location=\"${var.location}\""
  measured = {
    errors  = "run_googleapis_com:request_count{${local.found},response_code_class=\"5xx\"}"
    answers = "run_googleapis_com:request_count{${local.found}}"
    latency = "run_googleapis_com:request_latencies_bucket{${local.found}}"
  }
}

output "service" {
  value = local.service
}
