using System.Text;
using Espalier.Cli.CommandLine;

namespace Espalier.Tests.Cli.CommandLine;

public class HelpTests
{
    [Fact]
    public async Task Help_OfACommandThatRequiresAnOption_EndsWithItsExample()
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        int code = await new Application(new Terminal(Stream.Null, output, error)).RunAsync(["translation", "translate", "--help"]);
        string[] lines = Encoding.UTF8.GetString(output.ToArray()).TrimEnd().Split('\n');
        Assert.Equal((0, ""), (code, error.ToString()));
        Assert.StartsWith("Description:", lines[0]);
        Assert.Equal("Example:", lines[^2]);
        Assert.StartsWith("  espalier translation translate --model", lines[^1]);
    }
}
