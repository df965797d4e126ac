using System.CommandLine;
using Espalier.Cli.CommandLine;

namespace Espalier.Tests.Cli.CommandLine;

public class OptionNamesTests
{
    [Fact]
    public void In_NamesOfSettings_BecomeThoseOfOptionsWhereThereAreSuch()
    {
        var command = new Command("train") { new Option<int>("--feed-forward"), new Option<int>("--norm") };
        Assert.Equal(
            "--feed-forward is -1, --norm is 7; expected Pre or Post. MaximumPositions stays",
            OptionNames.In("FeedForward is -1, Norm is 7; expected Pre or Post. MaximumPositions stays", command));
        Assert.Equal(
            "/data/Norm/a.en, Norm.en and C:\\Norm are files; --norm.",
            OptionNames.In("/data/Norm/a.en, Norm.en and C:\\Norm are files; Norm.", command));
    }
}
