# The project of Google Cloud that Vertex AI is asked in.
google_project = "PROJECT"
