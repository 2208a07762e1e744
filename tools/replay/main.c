#include "tools/replay/replay_command.h"

int main(int argc, char **argv)
{
    return replay_command(argc, argv);
}
