"""The smallest role of Google Cloud that holds a permission, for the advice in errors."""

#: By how a permission begins; the longest that fits counts.
_ROLES = {
    "aiplatform.": "roles/aiplatform.user",
    "artifactregistry.repositories.uploadArtifacts": "roles/artifactregistry.writer",
    "artifactregistry.": "roles/artifactregistry.reader",
    "iam.serviceAccounts.actAs": "roles/iam.serviceAccountUser",
    "iam.serviceAccounts.getAccessToken": "roles/iam.serviceAccountTokenCreator",
    "iam.serviceAccounts.getOpenIdToken": "roles/iam.serviceAccountOpenIdTokenCreator",
    "logging.": "roles/logging.viewer",
    "run.": "roles/run.developer",
    "run.routes.invoke": "roles/run.invoker",
    "run.services.setIamPolicy": "roles/run.admin",
    "secretmanager.": "roles/secretmanager.admin",
    "secretmanager.versions.access": "roles/secretmanager.secretAccessor",
    "serviceusage.services.use": "roles/serviceusage.serviceUsageConsumer",
    "storage.objects.": "roles/storage.objectUser",
}


def role_for(permission: str) -> str:
    """Return the role to give to who lacks a permission; nothing where it is not one of ours."""
    fitting = [start for start in _ROLES if permission.startswith(start)]
    return _ROLES[max(fitting, key=len)] if fitting else ""
