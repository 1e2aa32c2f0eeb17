"""Makes ``twistd cgpymail`` known; nothing of the server is imported until it is chosen."""

from twisted.application.service import ServiceMaker

cgpymail = ServiceMaker("cgpymail", "cgpymail.tap", "POP3, IMAP and LMTP over one Mailbox Manager", "cgpymail")
