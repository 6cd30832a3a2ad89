resource "google_artifact_registry_repository" "main" {
  #checkov:skip=CKV_GCP_84:Keys of Google encrypt it; a key of one's own costs and protects from nobody else.
  repository_id = var.project
  location      = var.location
  format        = "DOCKER"
  description   = "Images of ${var.project}, deployed by llmops"

  docker_config {
    # A tag stays with its image: nobody can put another one behind it.
    immutable_tags = true
  }

  # Releases have tags: none of them is removed, so that each can be gone back to.
  cleanup_policies {
    id     = "untagged"
    action = "DELETE"
    condition {
      tag_state  = "UNTAGGED"
      older_than = "${var.registry_days * 86400}s"
    }
  }
  cleanup_policies {
    id     = "releases"
    action = "KEEP"
    condition {
      tag_state = "TAGGED"
    }
  }

  depends_on = [google_project_service.main]
}
