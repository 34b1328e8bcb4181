"""Secret sharing: (1,t,n) schemes whose essential share only the patient holds."""
