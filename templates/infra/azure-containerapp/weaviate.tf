# One replica: Weaviate's files must not be written by two. They lie on an NFS share, which needs no
# key and is reached through the network alone. Callers need the key that is in the vault.

locals {
  weaviates = var.weaviate == null ? 0 : 1
}

resource "azurerm_storage_account" "weaviate" {
  count = local.weaviates

  name                            = "st${local.short}${local.suffix}"
  resource_group_name             = azurerm_resource_group.main.name
  location                        = azurerm_resource_group.main.location
  account_kind                    = "FileStorage"
  account_tier                    = "Premium"
  account_replication_type        = "LRS"
  min_tls_version                 = "TLS1_2"
  public_network_access_enabled   = false
  shared_access_key_enabled       = false
  default_to_oauth_authentication = true
  allow_nested_items_to_be_public = false
  # NFS is no HTTP: with this on, Azure refuses to mount the share.
  https_traffic_only_enabled = false
  tags                       = local.tags

  network_rules {
    default_action = "Deny"
    bypass         = ["AzureServices"]
  }
}

resource "azurerm_storage_share" "weaviate" {
  count = local.weaviates

  name               = "weaviate"
  storage_account_id = azurerm_storage_account.weaviate[0].id
  enabled_protocol   = "NFS"
  quota              = var.weaviate.storage_gb
}

resource "azurerm_private_dns_zone" "files" {
  count = local.weaviates

  name                = "privatelink.file.${split(".file.", azurerm_storage_account.weaviate[0].primary_file_host)[1]}"
  resource_group_name = azurerm_resource_group.main.name
  tags                = local.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "files" {
  count = local.weaviates

  name                  = "files"
  resource_group_name   = azurerm_resource_group.main.name
  private_dns_zone_name = azurerm_private_dns_zone.files[0].name
  virtual_network_id    = azurerm_virtual_network.main.id
  tags                  = local.tags
}

resource "azurerm_private_endpoint" "files" {
  count = local.weaviates

  name                = "pe-${local.name}-files"
  resource_group_name = azurerm_resource_group.main.name
  location            = azurerm_resource_group.main.location
  subnet_id           = azurerm_subnet.private.id
  tags                = local.tags

  private_service_connection {
    name                           = "files"
    private_connection_resource_id = azurerm_storage_account.weaviate[0].id
    subresource_names              = ["file"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "files"
    private_dns_zone_ids = [azurerm_private_dns_zone.files[0].id]
  }
}

resource "azurerm_container_app_environment_storage" "weaviate" {
  count = local.weaviates

  name                         = "weaviate"
  container_app_environment_id = azurerm_container_app_environment.main.id
  nfs_server_url               = azurerm_storage_account.weaviate[0].primary_file_host
  share_name                   = "/${azurerm_storage_account.weaviate[0].name}/${azurerm_storage_share.weaviate[0].name}"
  access_mode                  = "ReadWrite"

  depends_on = [azurerm_private_endpoint.files, azurerm_private_dns_zone_virtual_network_link.files]
}

# The secret WEAVIATE_API_KEY of llmops.
resource "azurerm_key_vault_secret" "weaviate" {
  count = local.weaviates

  name             = "${var.secret_prefix}weaviate-api-key"
  key_vault_id     = azurerm_key_vault.main.id
  content_type     = "text/plain"
  value_wo         = uuid()
  value_wo_version = 1

  depends_on = [time_sleep.roles_are_obeyed]
}

resource "azurerm_container_app" "weaviate" {
  count = local.weaviates

  name                         = "weaviate"
  resource_group_name          = azurerm_resource_group.main.name
  container_app_environment_id = azurerm_container_app_environment.main.id
  revision_mode                = "Single"
  workload_profile_name        = "Consumption"
  tags                         = local.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.app.id]
  }

  secret {
    name                = "api-key"
    key_vault_secret_id = azurerm_key_vault_secret.weaviate[0].versionless_id
    identity            = azurerm_user_assigned_identity.app.id
  }

  ingress {
    external_enabled = false
    target_port      = 8080
    transport        = "auto"

    traffic_weight {
      latest_revision = true
      percentage      = 100
    }
  }

  template {
    min_replicas = 1
    max_replicas = 1

    container {
      name   = "weaviate"
      image  = var.weaviate.image
      cpu    = 1
      memory = "2Gi"

      env {
        name  = "PERSISTENCE_DATA_PATH"
        value = "/var/lib/weaviate"
      }
      env {
        name  = "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED"
        value = "false"
      }
      env {
        name  = "AUTHENTICATION_APIKEY_ENABLED"
        value = "true"
      }
      env {
        name        = "AUTHENTICATION_APIKEY_ALLOWED_KEYS"
        secret_name = "api-key"
      }
      env {
        name  = "AUTHENTICATION_APIKEY_USERS"
        value = "llmops"
      }
      env {
        name  = "AUTHORIZATION_ADMINLIST_ENABLED"
        value = "true"
      }
      env {
        name  = "AUTHORIZATION_ADMINLIST_USERS"
        value = "llmops"
      }
      env {
        name  = "CLUSTER_HOSTNAME"
        value = "weaviate"
      }
      env {
        name  = "DISABLE_TELEMETRY"
        value = "true"
      }

      volume_mounts {
        name = "data"
        path = "/var/lib/weaviate"
      }

      startup_probe {
        transport               = "HTTP"
        port                    = 8080
        path                    = "/v1/.well-known/live"
        interval_seconds        = 10
        failure_count_threshold = 30
      }
      liveness_probe {
        transport = "HTTP"
        port      = 8080
        path      = "/v1/.well-known/live"
      }
      readiness_probe {
        transport = "HTTP"
        port      = 8080
        path      = "/v1/.well-known/ready"
      }
    }

    volume {
      name         = "data"
      storage_name = azurerm_container_app_environment_storage.weaviate[0].name
      storage_type = "NfsAzureFile"
    }
  }

  depends_on = [azurerm_role_assignment.app_reads_secrets]
}

output "weaviate_address" {
  description = "Weaviate, for the app alone; its key is the secret WEAVIATE_API_KEY."
  value       = var.weaviate == null ? null : "https://${azurerm_container_app.weaviate[0].ingress[0].fqdn}"
}
