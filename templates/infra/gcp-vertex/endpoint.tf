locals {
  interfaces_of_kind = ["aiplatform.googleapis.com"]
  # Uploads models, deploys them to endpoints, and moves traffic between them.
  deploying = "roles/aiplatform.user"
  # Vertex AI takes numbers of ten digits only; the same in every apply.
  endpoint_id = tostring(1000000000 + parseint(substr(sha256("${local.name}/${local.suffix}"), 0, 7), 16))

  found = "monitored_resource=\"aiplatform.googleapis.com/Endpoint\",endpoint_id=\"${local.endpoint_id}\""
  measured = {
    errors  = "aiplatform_googleapis_com:prediction_online_error_count{${local.found}}"
    answers = "aiplatform_googleapis_com:prediction_online_prediction_count{${local.found}}"
    latency = "aiplatform_googleapis_com:prediction_online_prediction_latencies_bucket{${local.found}}"
  }
}

resource "google_vertex_ai_endpoint" "main" {
  #checkov:skip=CKV2_GCP_24:Keys of Google encrypt it; a key of one's own costs and protects from nobody else.
  #checkov:skip=CKV2_GCP_33:Callers come from outside; Google lets in only whom IAM lets in.
  name         = local.endpoint_id
  display_name = local.name
  description  = "${var.project}, deployed by llmops"
  location     = var.location
  # One of its own has another address, and the shared one would answer no more.
  dedicated_endpoint_enabled = false

  lifecycle {
    # Which release has the traffic belongs to `llmops deploy`.
    ignore_changes = [traffic_split]
  }

  depends_on = [google_project_service.main]
}

output "endpoint" {
  value = google_vertex_ai_endpoint.main.name
}
