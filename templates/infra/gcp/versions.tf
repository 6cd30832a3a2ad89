terraform {
  required_version = ">= 1.11.0"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.0, < 8"
    }
  }

  # Where it is: backend.hcl, which `llmops infra apply` writes. Google's bucket locks it, too.
  backend "gcs" {}
}

# As whom: Application Default Credentials, or what GOOGLE_… says in the environment.
provider "google" {
  project = var.gcp_project
  region  = var.location

  # Budgets are asked for in the name of a project.
  billing_project       = var.gcp_project
  user_project_override = true

  default_labels = {
    application = var.project
    target      = var.target
    managed-by  = "llmops"
  }
}
