/* Apart, since the kernel's own header of TCP and that of libc, which has less, exclude each other.
 */
#include "server/gate/socket_bytes.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

uint64_t socket_read_bytes(int socket)
{
    struct tcp_info info;
    socklen_t size = sizeof(info);
    int unread = 0;
    if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
        size < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof(info.tcpi_bytes_received) ||
        ioctl(socket, FIONREAD, &unread) != 0) {
        return UINT64_MAX;
    }
    return info.tcpi_bytes_received - (uint64_t)unread;
}
