terraform {
  # From here on a password can be given to AWS without being kept in the state.
  required_version = ">= 1.11.0"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # From 6.4 on it knows what ECS needs for its own blue/green deployments.
      version = ">= 6.4, < 7"
    }
  }

  # Where it is: backend.hcl, which `llmops infra apply` writes. A file beside it is the lock.
  backend "s3" {}
}

# As whom: `llmops infra` says so in the environment (AWS_…).
provider "aws" {
  region              = var.region
  allowed_account_ids = var.account == null ? null : [var.account]
  s3_use_path_style   = var.path_style

  default_tags {
    tags = {
      application = var.project
      target      = var.target
      managed-by  = "llmops"
    }
  }
}
