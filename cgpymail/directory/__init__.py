"""Who exists and who may log in: domains, accounts, passwords, account files."""
