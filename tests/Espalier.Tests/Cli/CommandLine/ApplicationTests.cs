using System.CommandLine;
using Espalier.Cli.CommandLine;

namespace Espalier.Tests.Cli.CommandLine;

public class ApplicationTests
{
    [Fact]
    public void TimeToStop_CommandsThatCanBeResumed_AreWaitedForUntilTheyHaveSaved()
    {
        using var error = new StringWriter();
        Command[] all = [.. All(Application.Root(new Terminal(Stream.Null, Stream.Null, error)))];
        Command[] resumable = [.. all.Where(c => c.Name == "plan" || c.Options.Any(o => o.Name == "--resume"))];
        Assert.True(resumable.Length > 4);
        Assert.All(resumable, c => Assert.Equal(Timeout.InfiniteTimeSpan, Application.TimeToStop(c)));
        Assert.All(all.Except(resumable), c => Assert.InRange(Application.TimeToStop(c), TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(1)));

        static IEnumerable<Command> All(Command command) => [command, .. command.Subcommands.SelectMany(All)];
    }
}
